#pragma once

#include <string>
#include <string_view>

/// Kinds of characters for the scanners of answers: ASCII alone, whatever the locale.
namespace grpo::reward {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
inline char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// The text with its ASCII letters in lower case, other bytes as they are.
inline std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lowered(c);
  return result;
}

inline bool word_boundary(std::string_view text, size_t at) {
  const auto is_word = [](char c) { return is_digit(c) || is_letter(c); };
  return at == 0 || at >= text.size() || !is_word(text[at - 1]) || !is_word(text[at]);
}

}  // namespace grpo::reward
