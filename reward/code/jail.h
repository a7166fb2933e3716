#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "reward/code/descriptor.h"
#include "reward/code/sandbox.h"

namespace grpo::reward::code {

/// What a jail shows of this machine, and what runs in it. Everything else of the machine is
/// absent.
struct JailPlan {
  Level level = Level::full;
  std::vector<std::string> trees;  // folders that can be read and run, at the same place inside
  std::vector<std::string> files;  // the same for single files
  std::string executable;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
};

/// The jail's first process. It becomes `descriptors[0], [1], …`' owner under the numbers 0, 1, ….
struct JailProcess {
  pid_t pid = -1;
  Descriptor pidfd;
};

/// Starts the plan's program in a new jail: for `full`, its own user, process, mount, network, IPC,
/// host-name and cgroup namespaces, a root in memory with read-only binds and without /proc, an
/// unprivileged user (nobody when started by root). The process dies with the calling *thread*.
/// Throws Error that names the step and the system's reason.
JailProcess start_jail(const JailPlan& plan, const std::vector<int>& descriptors);

}  // namespace grpo::reward::code
