#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "monitor/record.h"

namespace grpo::monitor {

/// A run's `metrics.jsonl` or `samples.jsonl`: one object a line, key `step` first. Each line is
/// handed to the system whole before `write` returns, so that a killed run loses none.
class JsonlFile {
 public:
  enum class Open { create, resume };

  /// create: the file must not hold anything yet. resume: keeps the lines of steps <= `last_step`
  /// and cuts off the rest, an unfinished last line included; steps must not decrease, and a
  /// missing file is an empty one. Throws Error naming the file (and the line).
  JsonlFile(std::filesystem::path path, Open open, int64_t last_step = 0);
  ~JsonlFile();
  JsonlFile(const JsonlFile&) = delete;
  JsonlFile& operator=(const JsonlFile&) = delete;

  /// {"step": …, "<metric>": …}; infinities and NaN as "inf", "-inf", "nan".
  void write(const Record& record);
  /// `fields` must not have a key `step`.
  void write(int64_t step, const OrderedJson& fields);
  /// Waits until every line is on the disk: what a checkpoint counts on must outlive a power
  /// failure.
  void sync();
  /// Step of the last line that was kept when the file was opened.
  std::optional<int64_t> last_kept() const { return last_kept_; }

 private:
  void append(std::string_view line);

  std::filesystem::path path_;
  int fd_ = -1;
  std::optional<int64_t> last_kept_;
};

}  // namespace grpo::monitor
