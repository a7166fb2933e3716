#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace grpo {

/// Lines of a file, or of standard input ("-"); gzip is recognised by its first bytes. A line is
/// handed out as soon as it has arrived, so that a program at the other end of a pipe is answered
/// row by row. Throws Error (exit code 2) with `file:line` for what cannot be opened or read, a
/// damaged or cut gzip stream, a line longer than `max_line_bytes`.
class LineReader {
 public:
  explicit LineReader(const std::filesystem::path& file,
                      std::size_t max_line_bytes = kMaxLineBytes);
  ~LineReader();
  LineReader(LineReader&&) noexcept;

  /// The next line without its end ("\n" or "\r\n"), valid until the next call.
  std::optional<std::string_view> next();

  std::string where() const;  // "file:line" of the line handed out last

  static constexpr std::size_t kMaxLineBytes = std::size_t{1} << 26;

 private:
  struct Source;
  bool fill();

  std::unique_ptr<Source> source_;
  std::string name_;
  std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the next line in the buffer
  std::size_t scanned_ = 0;  // no newline in [begin_, scanned_)
  std::size_t line_ = 0;
};

/// Rows of a JSON-lines file; blank lines are passed over. Each row must be JSON, errors as
/// parse_json's with `file:line`.
template <class J = Json>
class BasicJsonLines {
 public:
  explicit BasicJsonLines(const std::filesystem::path& file) : lines_(file) {}

  std::optional<J> next() {
    while (const auto line = lines_.next()) {
      if (line->find_first_not_of(" \t\r") == std::string_view::npos) continue;
      return parse_json<J>(*line, lines_.where());
    }
    return std::nullopt;
  }
  std::string where() const { return lines_.where(); }

 private:
  LineReader lines_;
};

using JsonLines = BasicJsonLines<Json>;
using OrderedJsonLines = BasicJsonLines<OrderedJson>;

}  // namespace grpo
