#include "policy/tokenizer/pretokenize.h"

#include <cstdint>
#include <string>

#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

/// A text with the classes of its characters; positions are byte offsets.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text), classes_(char_classes()) {}

  size_t end() const { return text_.size(); }
  char byte(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  /// Classes of the character at `at`, and its end in `*next`; past the text: 0, `*next` = at.
  uint8_t classes(size_t at, size_t* next) const {
    if (at >= text_.size()) {
      *next = at;
      return 0;
    }
    const Character c = char_at(text_, at);
    *next = at + c.size;
    return classes_[c.value];
  }

  /// End of the run from `at` of characters that have a class of `mask`.
  size_t run_of(size_t at, uint8_t mask) const {
    size_t next = at;
    while (at < text_.size() && (classes(at, &next) & mask)) at = next;
    return at;
  }

  /// End of the run from `at` of characters that have no class of `mask`.
  size_t run_without(size_t at, uint8_t mask) const {
    size_t next = at;
    while (at < text_.size() && !(classes(at, &next) & mask)) at = next;
    return at;
  }

  /// End of the run from `at` of \r and \n.
  size_t newlines(size_t at) const {
    while (at < text_.size() && (text_[at] == '\r' || text_[at] == '\n')) ++at;
    return at;
  }

  /// `\s+(?!\S)|\s+` at `begin`: leaves the last blank to the word that follows.
  size_t spaces(size_t begin) const {
    const size_t stop = run_of(begin, kSpace);
    if (stop == begin || stop == text_.size()) return stop;
    const size_t shorter = stop - last_char_size(text_, stop);
    return shorter > begin ? shorter : stop;
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+` at `begin`.
  size_t spaces_to_newline(size_t begin) const {
    const size_t stop = run_of(begin, kSpace);
    for (size_t at = stop; at > begin; --at) {
      if (text_[at - 1] == '\r' || text_[at - 1] == '\n') return at;
    }
    return spaces(begin);
  }

 private:
  std::string_view text_;
  const uint8_t* classes_;
};

/// `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe: its end, or `begin`.
size_t contraction(const Cursor& text, size_t begin, bool fold_case) {
  const auto letter = [&](size_t at) -> char {
    const char c = text.byte(at);
    return fold_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = letter(begin + 1), second = letter(begin + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return begin + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
      (first == 'l' && second == 'l')) {
    return begin + 3;
  }
  // U+017F, the long s, is the one other character whose case folds into these letters.
  if (fold_case && first == '\xC5' && second == '\xBF') return begin + 3;
  return begin;
}

size_t scan_gpt2(std::string_view piece, size_t begin) {
  const Cursor text(piece);
  if (piece[begin] == '\'') {
    const size_t stop = contraction(text, begin, /*fold_case=*/false);
    if (stop > begin) return stop;
  }
  const size_t start = piece[begin] == ' ' ? begin + 1 : begin;
  size_t next = start;
  const uint8_t classes = text.classes(start, &next);
  if (classes & kLetter) return text.run_of(next, kLetter);
  if (classes & kNumber) return text.run_of(next, kNumber);
  if (next > start && !(classes & kSpace)) {
    return text.run_without(next, kSpace | kLetter | kNumber);
  }
  return text.spaces(begin);
}

/// Qwen2 and Llama 3 differ only in the digits that one piece may hold.
template <int kMaxDigits>
size_t scan_qwen2(std::string_view piece, size_t begin) {
  const Cursor text(piece);
  if (piece[begin] == '\'') {
    const size_t stop = contraction(text, begin, /*fold_case=*/true);
    if (stop > begin) return stop;
  }
  size_t second = begin;
  const uint8_t first = text.classes(begin, &second);
  if (first & kLetter) return text.run_of(second, kLetter);
  if (first & kNumber) {
    size_t stop = second, next = second;
    for (int i = 1; i < kMaxDigits && (text.classes(stop, &next) & kNumber); ++i) stop = next;
    return stop;
  }
  size_t third = second;
  const uint8_t after = text.classes(second, &third);
  if (!(first & kNewline) && (after & kLetter)) return text.run_of(third, kLetter);
  constexpr uint8_t kNotOther = kSpace | kLetter | kNumber;
  if (!(first & kSpace)) return text.newlines(text.run_without(second, kNotOther));
  if (piece[begin] == ' ' && third > second && !(after & kNotOther)) {
    return text.newlines(text.run_without(third, kNotOther));
  }
  return text.spaces_to_newline(begin);
}

size_t scan_deepseek_numbers(std::string_view piece, size_t begin) {
  const Cursor text(piece);
  size_t stop = begin, next = begin;
  for (int i = 0; i < 3 && (text.classes(stop, &next) & kNumber); ++i) stop = next;
  return stop;
}

size_t scan_deepseek_cjk(std::string_view piece, size_t begin) {
  size_t at = begin;
  while (at < piece.size()) {
    const Character c = char_at(piece, at);
    const bool inside =
        (c.value >= 0x4E00 && c.value <= 0x9FA5) || (c.value >= 0x3040 && c.value <= 0x30FF);
    if (!inside) break;
    at += c.size;
  }
  return at;
}

bool is_ascii_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

size_t scan_deepseek(std::string_view piece, size_t begin) {
  const Cursor text(piece);
  size_t second = begin, third = begin;
  const uint8_t first = text.classes(begin, &second);
  if (second == begin + 1 && (first & (kPunct | kSymbol)) && is_ascii_letter(text.byte(second))) {
    size_t stop = second + 1;
    while (is_ascii_letter(text.byte(stop))) ++stop;
    return stop;
  }
  const uint8_t after = text.classes(second, &third);
  constexpr uint8_t kWordLike = kLetter | kMark;
  if (!(first & (kNewline | kLetter | kPunct | kSymbol)) && (after & kWordLike)) {
    return text.run_of(third, kWordLike);
  }
  if (first & kWordLike) return text.run_of(second, kWordLike);
  constexpr uint8_t kSign = kPunct | kSymbol;
  if (first & kSign) return text.newlines(text.run_of(second, kSign));
  if (piece[begin] == ' ' && (after & kSign)) return text.newlines(text.run_of(third, kSign));
  return text.spaces_to_newline(begin);
}

struct NamedScanner {
  std::string_view pattern;
  Scanner scanner;
};
constexpr NamedScanner kScanners[] = {
    {kGpt2Pattern, scan_gpt2},         {kQwen2Pattern, scan_qwen2<1>},
    {kLlama3Pattern, scan_qwen2<3>},   {kDeepSeekNumbers, scan_deepseek_numbers},
    {kDeepSeekCjk, scan_deepseek_cjk}, {kDeepSeekPattern, scan_deepseek},
};

}  // namespace

std::string escape_line_breaks(std::string_view pattern) {
  std::string escaped;
  for (char c : pattern) {
    if (c == '\r') {
      escaped += "\\r";
    } else if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

Scanner find_scanner(std::string_view pattern) {
  const std::string escaped = escape_line_breaks(pattern);
  for (const NamedScanner& known : kScanners) {
    if (known.pattern == escaped) return known.scanner;
  }
  return nullptr;
}

}  // namespace grpo::policy
