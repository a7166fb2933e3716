#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace grpo {

/// UTF-8 by the Unicode standard (chapter 3.9): overlong forms, surrogates and values above
/// U+10FFFF are invalid.
inline constexpr char32_t kReplacement = 0xFFFD;

/// One code point and the bytes it took. `valid` is false where the bytes are not UTF-8; then
/// `code` is U+FFFD and `size` the longest prefix of a valid form (at least 1), as browsers do.
struct CodePoint {
  char32_t code;
  std::size_t size;
  bool valid;
};

/// The code point at the start of `text`, which must not be empty.
CodePoint decode_utf8(std::string_view text);

/// All code points; invalid bytes become U+FFFD.
std::u32string utf8_to_codes(std::string_view text);

/// Appends the UTF-8 form of `code`; a surrogate or a value above U+10FFFF is written as U+FFFD.
void append_utf8(std::string& out, char32_t code);
std::string encode_utf8(std::u32string_view codes);

bool is_valid_utf8(std::string_view text);

/// The text with each invalid sequence replaced by U+FFFD; valid text comes back unchanged.
std::string sanitize_utf8(std::string_view text);

/// Length of the longest prefix that does not end within an unfinished code point: what a streaming
/// decoder may already show. Bytes that no continuation can make valid count as finished.
std::size_t utf8_complete_prefix(std::string_view text);

/// Columns a terminal needs: 2 for East Asian wide characters and emoji, 0 for combining marks.
std::size_t display_width(std::string_view text);

bool is_space(char32_t code);  // White_Space of the Unicode character database

/// The writing system, as far as a language check needs it; digits, punctuation and the rest are
/// `common`.
enum class Script {
  common,
  latin,
  greek,
  cyrillic,
  hebrew,
  arabic,
  devanagari,
  thai,
  hangul,
  kana,
  han
};
Script script_of(char32_t code);

}  // namespace grpo
