#pragma once

#include <string>

namespace grpo::reward::code {

/// Which system calls a fork may make.
enum class FilterKind {
  thread,      // no new process, no exec
  subprocess,  // fork and exec too
  execute,     // as `thread`, and the descriptor 4 may be executed: what it holds runs on
  no_kill,     // as `thread`, and no signals: where there is no namespace of process ids
};

/// A seccomp program (array of sock_filter) for this machine: what is not on the list in the source
/// fails with EPERM, clone3 with ENOSYS (libraries then use clone), calls of a foreign architecture
/// kill. Throws Error if libseccomp cannot make it.
std::string seccomp_filter(FilterKind kind);

}  // namespace grpo::reward::code
