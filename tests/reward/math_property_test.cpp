#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

/// One expression in two spellings that are equal by the rules of arithmetic alone.
struct Twins {
  std::string first, second;
};

std::string integer(Random& random, int most) {
  return std::to_string(1 + random.below(static_cast<uint64_t>(most)));
}

Twins leaf(Random& random) {
  switch (random.below(8)) {
    case 0:
      return {"x", "1x"};
    case 1:
      return {"y", "\\frac{2y}{2}"};
    case 2: {
      const auto n = integer(random, 9), d = integer(random, 9);
      return {"\\frac{" + n + "}{" + d + "}", "(" + n + ")/(" + d + ")"};
    }
    case 3: {
      const auto n = integer(random, 9);
      return {"\\sqrt{" + std::to_string(2 * std::stoi(n) * std::stoi(n)) + "}", n + "\\sqrt2"};
    }
    case 4:
      return {"\\pi", "\\frac{180\\pi}{180}"};
    case 5: {
      const auto n = integer(random, 5);
      return {n + "!", n + "\\cdot " + std::to_string(std::stoi(n) - 1) + "!"};
    }
    case 6: {
      const auto n = integer(random, 999);
      return {n, n + ".0"};
    }
    default: {
      const auto n = integer(random, 999);
      return {n + "000", n + "{,}000"};
    }
  }
}

Twins twins(Random& random, int depth) {
  if (depth == 0) return leaf(random);
  const Twins a = twins(random, depth - 1), b = twins(random, depth - 1);
  const auto in = [](const std::string& s) { return "(" + s + ")"; };
  switch (random.below(7)) {
    case 0:
      return {in(a.first) + "+" + in(b.first), in(b.second) + "+" + in(a.second)};
    case 1:
      return {in(a.first) + in(b.first), in(b.second) + "\\cdot " + in(a.second)};
    case 2:
      return {in(a.first) + "-" + in(b.first), "-" + in(in(b.second) + "-" + in(a.second))};
    case 3:
      return {in(in(a.first) + "+" + in(b.first)) + "^2",
              in(a.second) + "^2+2" + in(a.second) + in(b.second) + "+" + in(b.second) + "^2"};
    case 4:
      return {"\\frac{" + a.first + "}{7}", "\\frac{3" + in(a.second) + "}{21}"};
    case 5:
      return {in(a.first) + "\\sqrt{5}", "\\frac{5" + in(a.second) + "}{\\sqrt5}"};
    default:
      return {"\\left(" + a.first + "\\right)", "{" + a.second + "}"};
  }
}

Equality equality(const std::string& a, const std::string& b) { return compare(a, b).equality; }

TEST(MathProperty, ARewrittenExpressionIsEqualAndOneMoreIsNot) {
  Random random(2026);
  for (int i = 0; i < 400; ++i) {
    const Twins pair = twins(random, i % 4);
    EXPECT_EQ(equality(pair.first, pair.second), Equality::equal)
        << pair.first << " = " << pair.second;
    EXPECT_EQ(equality(pair.second, pair.first), Equality::equal)
        << pair.second << " = " << pair.first;
    EXPECT_EQ(equality(pair.first, "(" + pair.second + ")+1"), Equality::different) << pair.first;
    EXPECT_EQ(equality(pair.first, "(" + pair.second + ")+\\frac{1}{1000}"), Equality::different)
        << pair.first;
  }
}

TEST(MathProperty, StructuresOfRewrittenExpressionsAreEqual) {
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    const Twins a = twins(random, i % 3), b = twins(random, i % 2);
    const auto bracketed = [](std::string_view open, const std::string& x, const std::string& y,
                              std::string_view close) {
      return std::string(open) + x + ", " + y + std::string(close);
    };
    const std::array<std::pair<std::string_view, std::string_view>, 3> brackets{
        {{"(", ")"}, {"[", "]"}, {"\\langle ", "\\rangle"}}};
    for (const auto& [open, close] : brackets) {
      EXPECT_EQ(equality(bracketed(open, a.first, b.first, close),
                         bracketed(open, a.second, b.second, close)),
                Equality::equal)
          << bracketed(open, a.first, b.first, close);
    }
    // Sets have no order.
    EXPECT_EQ(equality("\\{" + a.first + ", " + b.first + "\\}",
                       "\\{" + b.second + ", " + a.second + "\\}"),
              Equality::equal)
        << a.first << " and " << b.first;
    EXPECT_EQ(equality("z=" + a.first, a.second), Equality::equal) << a.first;
    EXPECT_EQ(equality("z=" + a.first, "z=(" + a.second + ")+1"), Equality::different) << a.first;
  }
}

TEST(MathProperty, EqualityIsSymmetric) {
  const std::vector<std::string> texts{
      "5",           "5\\%",       "5 cm",       "5 m",
      "x",           "x=5",        "(1,2)",      "[1,2]",
      "\\{1,2\\}",   "1,2",        "2,1",        "x>1",
      "(1,\\infty)", "\\pm 1",     "1,-1",       "A",
      "a",           "\\text{A}",  "yes",        "3:4",
      "0.75",        "\\pi",       "180^\\circ", "\\infty",
      "\\mathbb{R}", "x\\ne 1",    "25_6",       "25",
      "17",          "\\$5",       "5^\\circ",   "\\frac{5}{1}",
      "500\\%",      "\\emptyset", "\\{5\\}",    "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
      "\\sqrt{x^2}", "|x|",        "?"};
  for (const auto& a : texts) {
    for (const auto& b : texts) {
      EXPECT_EQ(equality(a, b) == Equality::equal, equality(b, a) == Equality::equal)
          << a << " and " << b;
    }
  }
}

}  // namespace
}  // namespace grpo::reward::math
