#pragma once

#include <exception>

namespace grpo::rl {

/// Ctrl-C, SIGTERM and SIGUSR1 ask the run to save a checkpoint and leave (exit code 130).
void watch_for_interrupts();
bool interrupted();

/// Thrown where long work is given up because of `interrupted()`.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};
inline void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

}  // namespace grpo::rl
