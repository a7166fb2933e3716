#include "reward/math/child.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace grpo::reward::math {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr rlim_t kMemory = rlim_t{1} << 30;  // beyond what the process has already

/// Bytes of address space in use; nothing is known where /proc is not mounted.
std::optional<rlim_t> address_space() {
  FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return std::nullopt;
  unsigned long pages = 0;
  const bool read = std::fscanf(file, "%lu", &pages) == 1;
  std::fclose(file);
  if (!read) return std::nullopt;
  return rlim_t{pages} * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void limit(int resource, rlim_t value) {
  const rlimit both{value, value};
  setrlimit(static_cast<__rlimit_resource_t>(resource), &both);
}

/// The child's life. Should the parent be gone, time and memory still end it.
[[noreturn]] void live(int out, milliseconds time, const std::function<std::string()>& work) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (out > 0) syscall(SYS_close_range, 0u, static_cast<unsigned>(out - 1), 0u);
  syscall(SYS_close_range, static_cast<unsigned>(out + 1), ~0u, 0u);
  signal(SIGABRT, SIG_DFL);  // FLINT's way to say that memory is used up
  signal(SIGSEGV, SIG_DFL);
  if (const auto size = address_space()) limit(RLIMIT_AS, *size + kMemory);
  limit(RLIMIT_CPU, static_cast<rlim_t>(time.count() / 1000 + 2));
  limit(RLIMIT_CORE, 0);
  try {
    const std::string text = work();
    const size_t size = std::min(text.size(), kMaxChildText);
    // One write below PIPE_BUF is whole or absent.
    _exit(write(out, text.data(), size) == static_cast<ssize_t>(size) ? 0 : 1);
  } catch (...) {
    _exit(1);
  }
}

/// What the child writes until `deadline`; nothing when it ends or stays silent.
std::optional<std::string> read_answer(int in, Clock::time_point deadline) {
  pollfd waiting{in, POLLIN, 0};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    const int ready = poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30)));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return std::nullopt;
    std::array<char, kMaxChildText> text;
    const ssize_t size = read(in, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::nullopt;
    return std::string(text.data(), static_cast<size_t>(size));
  }
}

}  // namespace

void Budget::look() {
  if (steps_ < 0) throw Exhausted("too many steps");
  if (std::chrono::steady_clock::now() > deadline_) throw Exhausted("out of time");
}

void Budget::spend_much() {
  if (place_ == Place::here) throw Exhausted("numbers too large to work with here");
  look();
}

std::optional<std::string> run_in_child(milliseconds time,
                                        const std::function<std::string()>& work) {
  const auto deadline = Clock::now() + time;
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const pid_t child = fork();
  if (child == 0) live(ends[1], time, work);
  close(ends[1]);
  std::optional<std::string> answer;
  if (child > 0) {
    answer = read_answer(ends[0], deadline);
    kill(child, SIGKILL);
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  close(ends[0]);
  return answer;
}

std::optional<std::string> within_deadline(milliseconds time,
                                           const std::function<std::string(Budget&)>& work) {
  // Read where Exhausted is caught. NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores)
  const auto deadline = Clock::now() + time;
  try {
    Budget budget(std::min(time, kMillisecondsHere));
    return work(budget);
  } catch (const Exhausted&) {
  }
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
  if (left.count() <= 0) return std::nullopt;
  return run_in_child(left, [&] {
    Budget budget(left, Place::child);
    return work(budget);
  });
}

}  // namespace grpo::reward::math
