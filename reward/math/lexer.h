#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::reward::math {

/// What stops the parser; `position` is a byte offset into the text given.
struct ParseError : std::runtime_error {
  ParseError(const std::string& message, size_t at) : std::runtime_error(message), position(at) {}
  size_t position;
};

struct Token {
  enum class Kind {
    number,   // digits with decimals, as written: "12", ".5", "3.14", "1.5e-3"
    letter,   // one letter
    command,  // a LaTeX command without backslash, or a plain word that names a function
    text,     // words: \text{…}, and plain runs of four letters or more
    mark,     // one character or a relation: ( ) [ ] { } | + - * / ^ _ ! , ; : < = <= …
    end,
  };
  Kind kind = Kind::end;
  std::string text;
  size_t position = 0;
  bool space_before = false;
};

inline constexpr size_t kMaxTextLength = 20000;
inline constexpr size_t kMaxTokens = 6000;

/// LaTeX and plain text alike. Spacing, sizes (\left, \big, \displaystyle) and $ vanish; Unicode
/// signs become their commands; \dfrac, \tfrac are \frac; \le, \leq, ≤, <= are one relation.
/// Throws ParseError on bytes that are no UTF-8, control characters and texts beyond the limits.
std::vector<Token> tokenize(std::string_view text);

}  // namespace grpo::reward::math
