#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stopwatch.h"
#include "monitor/record.h"

namespace grpo::monitor {

/// A metric shown in the progress line, under a short label; left out where a record lacks it. The
/// last columns are the first to go where the line is narrow.
struct ProgressColumn {
  std::string label;
  std::string metric;
};

struct ProgressOptions {
  int64_t total_steps = 0;
  int fd = 2;  // standard error
  std::vector<ProgressColumn> columns = {{"reward", "reward/mean"},
                                         {"accuracy", "reward/accuracy"},
                                         {"length", "response_length/mean"},
                                         {"tok/s", "perf/throughput"},
                                         {"loss", "train/loss"}};
};

/// `step 12/200  ETA 1h02m  reward 0.512  tok/s 12.3k  length 311`, cut to whole entries that fit
/// `width` columns. `coloured` dims the labels.
std::string progress_line(const Record& record, const ProgressOptions& options, double seconds_left,
                          std::size_t width, bool coloured);

/// Three significant digits: 0.512, 311, 12.3k, 4.57M.
std::string short_number(double value);
/// 45s, 12m05s, 1h02m, 3d04h.
std::string short_duration(double seconds);

/// Columns of the terminal behind `fd`, else of $COLUMNS, else 80.
std::size_t terminal_width(int fd);

/// Progress of a run: on a terminal one line that is written over, elsewhere a line per step. Steps
/// count from 1; the time left is estimated from the steps seen so far. One thread.
class TerminalProgress {
 public:
  explicit TerminalProgress(ProgressOptions options);
  ~TerminalProgress();  // leaves the cursor on a fresh line
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;

  void write(const Record& record);

  /// What is going on within a step ("sampling 12/64"), behind the last line; terminals only.
  void note(std::string_view text);

 private:
  void show(std::string_view line);

  ProgressOptions options_;
  bool live_;
  bool coloured_;
  int64_t steps_seen_ = 0;
  Stopwatch watch_;
  bool shown_ = false;  // something, a note at least
  std::optional<Record> last_record_;
  double seconds_left_ = 0;
};

}  // namespace grpo::monitor
