#include "policy/tokenizer/byte_level.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

struct Alphabet {
  std::array<char32_t, 256> char_of{};
  std::array<int16_t, 0x180> byte_of{};  // -1: not of the alphabet

  Alphabet() {
    byte_of.fill(-1);
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) ||
                             (byte >= 174 && byte <= 255);
      const char32_t c = printable ? static_cast<char32_t>(byte) : next++;
      char_of[static_cast<size_t>(byte)] = c;
      byte_of[c] = static_cast<int16_t>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

std::string bytes_to_printable(std::string_view bytes) {
  std::string out;
  for (char c : bytes) append_utf8(out, alphabet().char_of[static_cast<unsigned char>(c)]);
  return out;
}

std::optional<std::string> printable_to_bytes(std::string_view printable) {
  std::string out;
  for (size_t at = 0; at < printable.size();) {
    const Character c = char_at(printable, at);
    if (c.value >= alphabet().byte_of.size() || alphabet().byte_of[c.value] < 0) return {};
    out += static_cast<char>(alphabet().byte_of[c.value]);
    at += c.size;
  }
  return out;
}

}  // namespace grpo::policy
