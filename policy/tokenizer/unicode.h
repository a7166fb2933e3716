#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace grpo::policy {

/// Character classes of the split patterns, one bit each; a code point may have several.
enum CharClass : uint8_t {
  kLetter = 1,    ///< \p{L}
  kNumber = 2,    ///< \p{N}
  kSpace = 4,     ///< White_Space, what \s means to Oniguruma and to Rust's regex
  kPunct = 8,     ///< \p{P}
  kSymbol = 16,   ///< \p{S}
  kMark = 32,     ///< \p{M}
  kNewline = 64,  ///< \r and \n
  kWord = 128,    ///< \w of Unicode TR 18: Alphabetic, \p{M}, \p{Nd}, \p{Pc}, Join_Control
};

/// Classes of every code point, [0x110000] bytes, from utf8proc; built once.
const uint8_t* char_classes();

/// A character and the bytes it takes.
struct Character {
  char32_t value = 0;
  uint32_t size = 0;
};

/// The character at `at`, without the checks of base/utf8.h: the text must be valid UTF-8
/// (`first_invalid_utf8`) and at < text.size().
inline Character char_at(std::string_view text, size_t at) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data()) + at;
  if (p[0] < 0x80) return {p[0], 1};
  if (p[0] < 0xE0) return {(p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu), 2};
  if (p[0] < 0xF0) return {(p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu), 3};
  return {(p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu), 4};
}

/// Bytes of the character that ends just before `end`; end > 0, valid UTF-8.
inline size_t last_char_size(std::string_view text, size_t end) {
  size_t size = 1;
  while ((static_cast<unsigned char>(text[end - size]) & 0xC0) == 0x80) ++size;
  return size;
}

bool is_ascii(std::string_view text);

/// Offset of the first byte that is not part of well-formed UTF-8, or npos.
size_t first_invalid_utf8(std::string_view text);

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

/// Unicode normalisation by utf8proc; `text` is valid UTF-8.
std::string normalize_utf8(std::string_view text, NormalForm form);

}  // namespace grpo::policy
