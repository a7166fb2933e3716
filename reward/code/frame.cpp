#include "reward/code/frame.h"

#include <cstdint>

#include "base/error.h"

namespace grpo::reward::code {

std::string make_frame(const OrderedJson& message) {
  const std::string text = print_json(message);
  check(text.size() <= kMaxFrameBytes, "sandbox: a message of {} bytes; at most {}", text.size(),
        kMaxFrameBytes);
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) {
    frame += static_cast<char>(text.size() >> shift & 0xFF);
  }
  return frame + text;
}

std::optional<Json> FrameReader::next() {
  if (buffer_.size() < 4) return std::nullopt;
  size_t length = 0;
  for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<uint8_t>(buffer_[i]);
  check(length <= kMaxFrameBytes, "a frame of {} bytes; at most {}", length, kMaxFrameBytes);
  if (buffer_.size() < 4 + length) return std::nullopt;
  Json message = parse_json(std::string_view(buffer_).substr(4, length), "frame");
  buffer_.erase(0, 4 + length);
  return message;
}

}  // namespace grpo::reward::code
