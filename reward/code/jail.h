#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

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

/// The jail's first process: owned, so that killing it ends the jail with everything inside.
class JailProcess {
 public:
  JailProcess() = default;
  explicit JailProcess(pid_t pid) : pid_(pid) {}
  JailProcess(JailProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  JailProcess& operator=(JailProcess&& other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  /// Kills it and waits for its end.
  ~JailProcess();

  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;  // until it is waited for, the number is its own
};

/// Starts the plan's program in a new jail: for `full`, its own user, process, mount, network, IPC,
/// host-name and cgroup namespaces, a root in memory with read-only binds and without /proc, an
/// unprivileged user (nobody when started by root). `descriptors[0], [1], …` become the process's
/// 0, 1, …. It dies with the calling *thread*.
/// Throws Error that names the step and the system's reason.
JailProcess start_jail(const JailPlan& plan, const std::vector<int>& descriptors);

}  // namespace grpo::reward::code
