#include "rl/interrupt.h"

#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <string_view>

namespace grpo::rl {
namespace {

volatile std::sig_atomic_t caught = 0;

void note(int signal) {
  caught = signal;
  constexpr std::string_view kWords = "\ninterrupted: leaving (once more ends at once)\n";
  if (signal == SIGINT) static_cast<void>(write(STDERR_FILENO, kWords.data(), kWords.size()));
  // A second Ctrl-C ends the program at once.
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_for_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, note);
  if (std::signal(SIGHUP, note) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
}

void outlive_failed_writes() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

bool interrupted() { return caught != 0; }

int interrupt_exit_code() { return 128 + caught; }

}  // namespace grpo::rl
