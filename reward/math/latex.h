#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reward/math/expression.h"
#include "reward/math/lexer.h"

namespace grpo::reward::math {

/// A tree, or where and why there is none.
struct ParseResult {
  Ref tree;  // null on an error
  std::string error;
  size_t position = 0;  // byte offset of the error

  explicit operator bool() const { return tree != nullptr; }
};

inline constexpr int kMaxDepth = 200;  // nesting, about five for each bracket
inline constexpr int kMaxSteps =
    60'000;  // constructs begun; a text of the longest has half of that

/// Parses an answer: LaTeX, plain text or a mixture, as people and models write them. All of the
/// text must be understood. Bounded in length, signs, depth and digits (lexer.h), so that hostile
/// text ends in an error; never throws.
///
/// Binding, loosest first: lists `a, b` and `and`/`or`; relations, chained; set operations; + - ±;
/// * / mod and juxtaposition; sign; ^ ! % °. A fraction bar of plain text divides by the next
/// factor only: 1/2x is x/2. \sin 2x takes the product that follows, up to + - or the next
/// function; \sin^{-1} is the inverse function. "2 \frac{1}{3}" is a mixed number.
ParseResult parse_math(std::string_view text);

}  // namespace grpo::reward::math
