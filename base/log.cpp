#include "base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>

#include "base/error.h"

namespace grpo {
namespace {

struct LogState {
  std::mutex mutex;  // guards what follows
  LogOptions options;
  int file = -1;
};

LogState& state() {
  static LogState instance;  // never closed: what ends after main may still log
  return instance;
}

struct LevelName {
  std::string_view name, colour;
};

LevelName name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return {"debug", "\x1b[2m"};
    case LogLevel::info:
      return {"info", ""};
    case LogLevel::warning:
      return {"warning", "\x1b[33m"};
    case LogLevel::error:
      return {"error", "\x1b[31m"};
  }
  return {"", ""};
}

std::string clock_text() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

std::string in_one_line(std::string_view text) {
  std::string one_line(text);
  for (char& c : one_line) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return one_line;
}

std::string rank_text(const LogOptions& options) {
  return options.num_ranks > 1 ? fmt::format(" [rank {}]", options.rank) : std::string();
}

/// A log that cannot be written must not stop a run: a full disk is reported by what needs the
/// disk.
void write_line(int fd, std::string_view line) {
  while (!line.empty()) {
    const auto written = ::write(fd, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void configure_log(const LogOptions& options) {
  LogState& log = state();
  const std::lock_guard lock(log.mutex);
  if (log.file >= 0) ::close(log.file);
  log.file = -1;
  log.options = options;
  if (options.file.empty()) return;
  log.file = ::open(options.file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  check(log.file >= 0, "{}: cannot open: {}", options.file.string(), std::strerror(errno));
}

void log_to_file(LogLevel level, std::string_view text) {
  LogState& log = state();
  const std::lock_guard lock(log.mutex);
  if (log.file < 0 || level < log.options.least) return;
  write_line(log.file, fmt::format("{} {}{} {}\n", clock_text(), name_of(level).name,
                                   rank_text(log.options), in_one_line(text)));
}

void log_line(LogLevel level, std::string_view text) {
  LogState& log = state();
  const std::lock_guard lock(log.mutex);
  if (level < log.options.least) return;
  const std::string one_line = in_one_line(text);
  const auto rank = rank_text(log.options);
  const auto [name, colour] = name_of(level);
  const auto time = clock_text();
  const bool coloured = wants_colour(STDERR_FILENO) && !colour.empty();
  const std::string_view clear = ::isatty(STDERR_FILENO) != 0 ? "\r\x1b[K" : "";
  write_line(STDERR_FILENO, fmt::format("{}{} {}{}{}{} {}\n", clear, time, coloured ? colour : "",
                                        name, coloured ? "\x1b[0m" : "", rank, one_line));
  if (log.file >= 0) write_line(log.file, fmt::format("{} {}{} {}\n", time, name, rank, one_line));
}

bool wants_colour(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = no_color != nullptr && *no_color != '\0';
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return !refused && !dumb && ::isatty(fd) != 0;
}

}  // namespace grpo
