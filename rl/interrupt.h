#pragma once

#include <exception>

namespace grpo::rl {

/// SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGUSR1 from now on ask the run to save a checkpoint and
/// leave; the second of a kind ends the program at once. SIGHUP stays ignored where it is (nohup).
void watch_for_interrupts();
/// A write to a closed pipe or beyond the limit of a file's size fails from now on instead of
/// ending the program (SIGPIPE, SIGXFSZ).
void outlive_failed_writes();
bool interrupted();
/// 128 + the signal that came, as shells number it.
int interrupt_exit_code();

/// Thrown where long work is given up because of `interrupted()`.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};
inline void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

}  // namespace grpo::rl
