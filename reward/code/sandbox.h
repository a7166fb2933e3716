#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace grpo::reward::code {

/// How well programs are kept in (docs/verifier.md).
enum class Level {
  full,      // own namespaces and root, no capabilities, system calls by allow-list, limits
  landlock,  // no namespaces: Landlock, system calls by allow-list, limits; no writable folder
  none,      // limits only
};
constexpr std::array<std::pair<Level, const char*>, 3> enum_names(Level) {
  return {{{Level::full, "full"}, {Level::landlock, "landlock"}, {Level::none, "none"}}};
}

struct SandboxOptions {
  Level level = Level::full;
  size_t max_workers = 4;      // programs that run at the same time
  size_t recycle_runs = 1000;  // a worker is replaced after so many
  std::string python;    // the candidates' interpreter; empty: the system's, else PATH's python3
  std::string compiler;  // of C++, when that is needed; empty: the system's, else PATH's g++
};

}  // namespace grpo::reward::code
