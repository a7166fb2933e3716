#include "rl/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace grpo::rl {
namespace {

volatile std::sig_atomic_t flag = 0;

void raise_flag(int signal) {
  flag = 1;
  // A second Ctrl-C ends the program at once.
  std::signal(signal, SIG_DFL);
}

}  // namespace

void watch_for_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, raise_flag);
}

bool interrupted() { return flag != 0; }

}  // namespace grpo::rl
