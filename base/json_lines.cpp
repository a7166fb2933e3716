#include "base/json_lines.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace grpo {

/// Bytes as they arrive. Not zlib's gzread: on a pipe it waits until its buffer is full.
struct LineReader::Source {
  explicit Source(const std::filesystem::path& file) {
    if (file == "-") {
      fd = ::dup(STDIN_FILENO);
    } else {
      fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    }
    check_input(fd >= 0, "{}: cannot open: {}", file.string(), std::strerror(errno));
  }
  ~Source() {
    if (gzip) ::inflateEnd(&stream);
    ::close(fd);
  }

  /// Appends some raw bytes to `raw`; false at the end of the file.
  bool read_raw(const std::string& where) {
    for (;;) {
      const auto got = ::read(fd, block.data(), block.size());
      if (got < 0 && errno == EINTR) continue;
      check_input(got >= 0, "{}: cannot read: {}", where, std::strerror(errno));
      raw.append(block.data(), static_cast<std::size_t>(got));
      return got > 0;
    }
  }

  void detect(const std::string& where) {
    while (raw.size() < 2 && read_raw(where)) {
    }
    detected = true;
    constexpr std::string_view kGzip = "\x1f\x8b", kZstd = "\x28\xb5";
    check_input(!raw.starts_with(kZstd), "{}: zstd is not supported; use gzip or plain text",
                where);
    if (!raw.starts_with(kGzip)) return;
    gzip = ::inflateInit2(&stream, 15 + 16) == Z_OK;
    check(gzip, "{}: cannot start zlib", where);
  }

  /// Appends some text to `out`; false at the end.
  bool read_text(std::string& out, const std::string& where) {
    if (!detected) detect(where);
    if (!gzip) {
      if (raw.empty() && !read_raw(where)) return false;
      out += raw;
      raw.clear();
      return true;
    }
    if (raw.empty() && !output_pending && !read_raw(where)) {
      check_input(member_ended, "{}: gzip stream is cut off", where);
      return false;
    }
    if (member_ended) ::inflateReset(&stream);  // a further member: gzip files may be concatenated
    member_ended = false;
    stream.next_in = reinterpret_cast<Bytef*>(raw.data());
    stream.avail_in = static_cast<uInt>(raw.size());
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<uInt>(block.size());
    const int result = ::inflate(&stream, Z_NO_FLUSH);
    check_input(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR,
                "{}: gzip stream is damaged", where);
    member_ended = result == Z_STREAM_END;
    output_pending = !member_ended && stream.avail_out == 0;
    out.append(block.data(), block.size() - stream.avail_out);
    raw.erase(0, raw.size() - stream.avail_in);
    return true;
  }

  int fd = -1;
  bool detected = false;
  bool gzip = false;
  bool member_ended = false;
  bool output_pending = false;  // zlib holds text back that the last block had no room for
  z_stream stream{};
  std::string raw;
  std::array<char, 1 << 16> block;
};

LineReader::LineReader(const std::filesystem::path& file, std::size_t max_line_bytes)
    : source_(std::make_unique<Source>(file)),
      name_(file == "-" ? "<stdin>" : file.string()),
      max_line_bytes_(max_line_bytes) {}

LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;

std::string LineReader::where() const { return fmt::format("{}:{}", name_, line_); }

bool LineReader::fill() {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  return source_->read_text(buffer_, fmt::format("{}:{}", name_, line_ + 1));
}

std::optional<std::string_view> LineReader::next() {
  std::size_t newline;
  while ((newline = buffer_.find('\n', scanned_)) == std::string::npos) {
    scanned_ = buffer_.size();
    check_input(scanned_ - begin_ <= max_line_bytes_, "{}:{}: line longer than {} bytes", name_,
                line_ + 1, max_line_bytes_);
    if (fill()) continue;
    if (begin_ == buffer_.size()) return std::nullopt;
    newline = buffer_.size();  // the last line may lack its end
    break;
  }
  std::string_view line = std::string_view(buffer_).substr(begin_, newline - begin_);
  check_input(line.size() <= max_line_bytes_, "{}:{}: line longer than {} bytes", name_, line_ + 1,
              max_line_bytes_);
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++line_;
  begin_ = scanned_ = std::min(newline + 1, buffer_.size());
  return line;
}

}  // namespace grpo
