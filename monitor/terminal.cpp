#include "monitor/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/utf8.h"

namespace grpo::monitor {
namespace {

/// A log and a progress bar must not stop a run: what a closed terminal refuses is dropped.
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string short_number(double value) {
  const double size = std::abs(value);
  // 999.5 would print as 1e+03.
  if (size >= 999.5e6) return fmt::format("{:.3g}G", value / 1e9);
  if (size >= 999.5e3) return fmt::format("{:.3g}M", value / 1e6);
  if (size >= 999.5) return fmt::format("{:.3g}k", value / 1e3);
  return fmt::format("{:.3g}", value);
}

std::string short_duration(double seconds) {
  if (!std::isfinite(seconds)) return "?";
  const auto s = static_cast<int64_t>(std::lround(std::max(seconds, 0.0)));
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

std::string progress_line(const Record& record, const ProgressOptions& options, double seconds_left,
                          std::size_t width, bool coloured) {
  std::vector<std::pair<std::string, std::string>> entries;
  entries.emplace_back("step", fmt::format("{}/{}", record.step, options.total_steps));
  if (record.step < options.total_steps) entries.emplace_back("ETA", short_duration(seconds_left));
  for (const auto& [label, metric] : options.columns) {
    if (const double* value = record.find(metric))
      entries.emplace_back(label, short_number(*value));
  }

  std::string line;
  std::size_t used = 0;
  for (const auto& [label, value] : entries) {
    const std::string_view gap = line.empty() ? "" : "  ";
    const std::size_t needed = gap.size() + display_width(label) + 1 + display_width(value);
    if (used + needed > width) break;
    used += needed;
    line += coloured ? fmt::format("{}\x1b[2m{}\x1b[0m {}", gap, label, value)
                     : fmt::format("{}{} {}", gap, label, value);
  }
  return line;
}

std::size_t terminal_width(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  constexpr std::size_t kUsual = 80;
  const char* columns = std::getenv("COLUMNS");
  if (columns == nullptr) return kUsual;
  const std::string_view text = columns;
  std::size_t width = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), width);
  return result.ec == std::errc() && width > 0 ? width : kUsual;
}

TerminalProgress::TerminalProgress(ProgressOptions options)
    : options_(std::move(options)),
      live_(::isatty(options_.fd) != 0),
      coloured_(wants_colour(options_.fd)) {}

TerminalProgress::~TerminalProgress() {
  if (live_ && shown_) write_all(options_.fd, "\n");
}

void TerminalProgress::write(const Record& record) {
  ++steps_seen_;
  const double seconds_a_step = watch_.seconds() / static_cast<double>(steps_seen_);
  seconds_left_ = seconds_a_step * static_cast<double>(options_.total_steps - record.step);
  // A file has no width: every entry is kept there. A terminal's last column would wrap.
  constexpr std::size_t kUnbounded = std::size_t{1} << 20;
  const std::size_t width = live_ ? terminal_width(options_.fd) - 1 : kUnbounded;
  last_record_ = record;
  show(progress_line(record, options_, seconds_left_, width, coloured_));
}

void TerminalProgress::note(std::string_view text) {
  if (!live_) return;
  // Behind as much of the last record as leaves room for it.
  const std::size_t width = terminal_width(options_.fd) - 1, needed = display_width(text);
  if (needed > width) return;
  std::string line;
  if (last_record_ && needed + 2 < width) {
    line = progress_line(*last_record_, options_, seconds_left_, width - needed - 2, coloured_);
  }
  show(line.empty() ? std::string(text) : fmt::format("{}  {}", line, text));
}

void TerminalProgress::show(std::string_view line) {
  shown_ = true;
  write_all(options_.fd, live_ ? fmt::format("\r\x1b[K{}", line) : fmt::format("{}\n", line));
}

}  // namespace grpo::monitor
