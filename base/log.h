#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

namespace grpo {

enum class LogLevel { debug, info, warning, error };

struct LogOptions {
  LogLevel least = LogLevel::info;  // `--quiet`: warning
  int rank = 0;
  int num_ranks = 1;           // a rank is shown only where there are several
  std::filesystem::path file;  // also appended here, without colours; "" for none
};

/// Sets how this process logs; call it before threads log. Throws Error when the file cannot be
/// opened. Without a call: info and above on standard error.
void configure_log(const LogOptions& options);

/// One event, one line: `12:03:04 warning [rank 1] text` (no date, local time; line breaks within
/// the text become spaces). One write(2) per line, so lines of several threads or ranks never mix.
/// On a terminal a live progress line is cleared first, and levels are coloured unless NO_COLOR is
/// set.
void log_line(LogLevel level, std::string_view text);

/// The same in the log's file alone, for what the terminal is told in another form. Does nothing
/// where there is no file.
void log_to_file(LogLevel level, std::string_view text);

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::error, fmt::format(format, std::forward<Args>(args)...));
}

/// Whether `fd` is a terminal that may be coloured: NO_COLOR is not set (no-color.org), TERM not
/// dumb.
bool wants_colour(int fd);

}  // namespace grpo
