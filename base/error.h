#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace grpo {

/// The one exception type: where, what, expected, got. Caught in apps/main.cpp only.
///
/// `exit_code` is what the program ends with (docs/commands.md): 1 the run failed, 2 wrong command
/// line, recipe or input, 69 something is missing on this machine, 128 + n ended by signal n.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, int exit_code = 1)
      : std::runtime_error(message), exit_code_(exit_code) {}

  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// Throws Error with the formatted message unless `condition` holds. Never compiled out.
template <class... Args>
void check(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) [[unlikely]] {
    throw Error(fmt::format(format, std::forward<Args>(args)...));
  }
}

/// As `check`, for what the user wrote: recipe, command line, data file (exit code 2).
template <class... Args>
void check_input(bool condition, fmt::format_string<Args...> format, Args&&... args) {
  if (!condition) [[unlikely]] {
    throw Error(fmt::format(format, std::forward<Args>(args)...), 2);
  }
}

}  // namespace grpo
