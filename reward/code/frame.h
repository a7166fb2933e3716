#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace grpo::reward::code {

/// A frame is a length of four bytes, the highest first, and as many bytes of JSON.
constexpr size_t kMaxFrameBytes = 1 << 20;
/// Between a program's fork and its tests' fork: public tests look at answers of several megabytes,
/// and who decodes them has nothing to lose but its own memory limit.
constexpr size_t kMaxFrameBytesBetweenForks = 32 << 20;

/// Throws Error if the message is longer than a frame may be.
std::string make_frame(const OrderedJson& message);

/// Cuts a stream of bytes, written by whoever, into frames.
class FrameReader {
 public:
  void append(std::string_view bytes) { buffer_.append(bytes); }

  /// The next whole frame, nothing if it has not all come. Throws Error on a length above
  /// kMaxFrameBytes, on what is not JSON, or nests deeper than 200: the stream is good for nothing
  /// then. Never holds more than one frame and one read.
  std::optional<Json> next();

 private:
  std::string buffer_;
};

}  // namespace grpo::reward::code
