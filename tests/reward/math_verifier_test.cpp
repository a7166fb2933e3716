#include "reward/math/math_verifier.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/random.h"

namespace grpo::reward::math {
namespace {

Equality both_ways(std::string_view a, std::string_view b) {
  const auto one = compare(a, b).equality, other = compare(b, a).equality;
  // What cannot be read is undecided as a reference and wrong as an answer.
  EXPECT_EQ(one == Equality::equal, other == Equality::equal) << a << " against " << b;
  return one;
}

void expect_equal(std::string_view a, std::string_view b) {
  EXPECT_EQ(both_ways(a, b), Equality::equal) << a << " = " << b << ": " << compare(a, b).reason;
}

void expect_not_equal(std::string_view a, std::string_view b) {
  EXPECT_NE(both_ways(a, b), Equality::equal) << a << " = " << b << ": " << compare(a, b).reason;
}

TEST(MathEquality, Numbers) {
  expect_equal("\\frac{1}{2}", "0.5");
  expect_equal("\\frac{1}{3}", "0.333333");
  expect_not_equal("\\frac{1}{3}", "0.333");
  expect_not_equal("\\frac{1}{3}", "0.3");
  expect_equal("315", "\\frac{7!}{16}");
  expect_equal("\\sqrt{8}", "2\\sqrt{2}");
  expect_equal("\\sqrt{5+2\\sqrt{6}}", "\\sqrt{2}+\\sqrt{3}");
  expect_equal("\\frac{\\ln 8}{\\ln 2}", "3");
  expect_equal("\\sin 30^\\circ", "\\frac12");
  expect_equal("e^{i\\pi}", "-1");
  expect_equal("4 \\arctan 1", "\\pi");
  expect_not_equal("\\pi", "\\frac{22}{7}");
  expect_not_equal("\\pi", "3.14");
  expect_not_equal("0.0000001", "0");
  expect_not_equal("5", "5.001");
  expect_not_equal("6290000", "6287000");
  expect_not_equal("3", "-3");
  expect_not_equal("52_8", "528");
  expect_not_equal("25_6", "17");
  expect_equal("25_6", "25_{6}");
  expect_equal("17_{10}", "17");
  expect_not_equal("\\frac{17}{2}", "\\frac{1}{72}");
  expect_not_equal("x_{12}", "x_{1}2");
  expect_not_equal("2^{12}", "2^{1}2");
}

TEST(MathEquality, UnitsPercentAndWords) {
  expect_equal("10", "10\\%");
  expect_equal("0.6", "60\\%");
  expect_not_equal("6", "60\\%");
  expect_not_equal("30^\\circ", "30\\%");
  expect_equal("90", "90^\\circ");
  expect_equal("60^\\circ", "\\frac{\\pi}{3}");
  expect_not_equal("60", "\\frac{\\pi}{3}");
  expect_equal("42", "42 dollars");
  expect_equal("15", "15\\text{ cm}^2");
  expect_not_equal("5", "5 million");
  expect_not_equal("5", "negative 5");
  expect_not_equal("5", "5ab");
  expect_not_equal("5", "half of 5");
  expect_not_equal("15", "5 plus 3");
  expect_not_equal("5", "not 5");
  expect_not_equal("5", "5 or more");
  expect_not_equal("5", "5 less than that");
  expect_equal("\\text{Evelyn}", "Evelyn");
  expect_equal("\\text{(C)}", "(C)");
  expect_not_equal("A", "B");
  expect_not_equal("silent", "listen");
}

TEST(MathEquality, Expressions) {
  expect_equal("x^2+2x+1", "(x+1)^2");
  expect_not_equal("x^2+2x-1", "(x+1)^2");
  expect_equal("\\tan^2(y)+1", "\\sec^2(y)");
  expect_equal("\\frac{x+2}{7}", "\\frac{x}{7}+\\frac{2}{7}");
  expect_equal("\\frac{(n-1)!}{k!} \\frac{n}{(n-k)!}", "\\frac{n!}{k!(n-k)!}");
  expect_equal("0.64N", "\\frac{16}{25}N");
  expect_not_equal("x", "y");
  expect_not_equal("|x|", "x");
  expect_not_equal("\\sqrt{x^2}", "x");
  expect_not_equal("x+1", "x+2n+1");
  expect_not_equal("2x", "2");
}

TEST(MathEquality, EquationsAndInequalities) {
  expect_equal("x=5", "5");
  expect_equal("y = x^2+2x+1", "2x+1+x^2");
  expect_equal("2x+4y-3=0", "y=-\\frac{1}{2}x+\\frac{3}{4}");
  expect_equal("\\frac{\\sqrt{3}}{3}", "\\frac{\\sqrt{3}}{3} \\approx 0.577");
  expect_equal("x < 1", "-x > -1");
  expect_equal("-2 \\le x \\le 7", "x \\in [-2,7]");
  expect_equal("x > 5", "(5, \\infty)");
  expect_not_equal("x < 1", "x > -1");
  expect_not_equal("x < 1", "x \\le 1");
  expect_not_equal("81", "(x+y)^2=81");
  expect_not_equal("0", "a+3z=0");
  expect_not_equal("x + y - z + 2 = 0", "5x - 7y + 11z + 4 = 0");
  expect_not_equal("x=5", "x=6");
}

TEST(MathEquality, SetsTuplesIntervalsMatrices) {
  expect_equal("1,2,3", "\\{3,2,1\\}");
  expect_equal("(2,1),(3,1)", "(3,1),(2,1)");
  expect_equal("(1,\\frac92)", "(1,4.5)");
  expect_equal("3 \\pm 2\\sqrt2", "3+2\\sqrt2, 3-2\\sqrt2");
  expect_equal("(-\\infty,1)\\cup(1,\\infty)", "(1,\\infty)\\cup(-\\infty,1)");
  expect_equal("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{bmatrix}1&2\\end{bmatrix}");
  expect_not_equal("(1,2)", "(2,1)");
  expect_not_equal("[1,2]", "(1,2)");
  expect_not_equal("[0,1)", "[0,1]");
  expect_not_equal("\\sqrt{67},-\\sqrt{85}", "\\sqrt{67}");
  expect_not_equal("\\pm 2021", "2021");
  expect_not_equal("1,2,3", "1,2,4");
  expect_not_equal("(1,2)", "12");
  expect_not_equal("\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}");
  expect_not_equal("12:00", "1:00");
  expect_equal("3:4", "6:8");
  expect_equal("3:4", "\\frac{3}{4}");
  expect_not_equal("3:4", "4:3");
  expect_equal("\\mathbb{R}", "(-\\infty,\\infty)");
  expect_not_equal("12", "1 2");
  expect_not_equal("\\infty", "-\\infty");
}

/// A random expression and an equal one written in another way.
struct Pair {
  std::string first, second;
};

Pair random_pair(Random& random, int depth) {
  if (depth == 0) {
    if (random.below(3) == 0) return {"x", "x"};
    const auto n = std::to_string(random.below(20) + 1);
    return {n, "\\frac{" + std::to_string(2 * std::stoi(n)) + "}{2}"};
  }
  const Pair a = random_pair(random, depth - 1), b = random_pair(random, depth - 1);
  switch (random.below(5)) {
    case 0:
      return {"(" + a.first + ")+(" + b.first + ")", "(" + b.second + ")+(" + a.second + ")"};
    case 1:
      return {"(" + a.first + ")*(" + b.first + ")", "(" + b.second + ")(" + a.second + ")"};
    case 2:
      return {"(" + a.first + ")-(" + b.first + ")", "-((" + b.second + ")-(" + a.second + "))"};
    case 3:
      return {"(" + a.first + ")^2", "(" + a.second + ")\\cdot(" + a.second + ")"};
    default:
      return {"\\sqrt{2}(" + a.first + ")", "\\frac{2(" + a.second + ")}{\\sqrt{2}}"};
  }
}

TEST(MathEquality, RewrittenExpressionsAreEqualAndPlusOneIsNot) {
  Random random(11);
  for (int i = 0; i < 300; ++i) {
    const Pair pair = random_pair(random, 1 + i % 4);
    expect_equal(pair.first, pair.second);
    expect_not_equal(pair.first, "(" + pair.second + ")+1");
  }
}

TEST(MathEquality, PrecisionAndTolerance) {
  MathOptions options;
  options.precision = 3;
  EXPECT_EQ(compare("1/3", "0.333", options).equality, Equality::equal);
  options.precision = 4;
  EXPECT_EQ(compare("1/3", "0.333", options).equality, Equality::different);
  options.tolerance = 1e-4;
  EXPECT_EQ(compare("\\cos^{10}(\\frac{\\pi}{10})", "0.6054", options).equality, Equality::equal);
  EXPECT_EQ(compare("5", "5.001", options).equality, Equality::different);
  MathOptions relative;
  relative.tolerance_rel = 1e-4;
  EXPECT_EQ(compare("(\\frac35,\\frac83]", "(0.6,2.6667]", relative).equality, Equality::equal);
}

TEST(MathEquality, NamesMayDifferWhenAsked) {
  MathOptions options;
  EXPECT_NE(compare("f(x)", "f(y)", options).equality, Equality::equal);
  options.strict = false;
  EXPECT_EQ(compare("f(x)", "f(y)", options).equality, Equality::equal);
  EXPECT_NE(compare("x+2y", "a+3b", options).equality, Equality::equal);
}

TEST(Judge, AnyReferenceMayMatchAndNoneIsUnverifiable) {
  const auto extraction = parse_extraction("boxed");
  EXPECT_EQ(judge({"0.5", "one half"}, "\\boxed{1/2}", extraction, {}).outcome, Outcome::correct);
  EXPECT_EQ(judge({"7"}, "\\boxed{8}", extraction, {}).outcome, Outcome::wrong);
  EXPECT_EQ(judge({}, "\\boxed{8}", extraction, {}).outcome, Outcome::unverifiable);
  EXPECT_EQ(judge({" "}, "\\boxed{8}", extraction, {}).outcome, Outcome::unverifiable);
  EXPECT_EQ(judge({"7"}, "7", extraction, {}).rule, "no answer");
}

TEST(Judge, AReferenceThatCannotBeReadIsUnverifiable) {
  const auto extraction = parse_extraction("boxed");
  for (const auto* gold : {"\\frac{1}{2", "5 less than x", "\\begin{cases}1"}) {
    for (const auto* response : {"\\boxed{8}", "\\boxed{so (}", "no box", ""}) {
      const Score score = judge({gold}, response, extraction, {});
      EXPECT_EQ(score.outcome, Outcome::unverifiable) << gold << " against " << response;
      EXPECT_EQ(score.value, 0);
    }
    // The same letters need no reading.
    EXPECT_EQ(judge({gold}, gold, parse_extraction("none"), {}).outcome, Outcome::correct) << gold;
  }
  // One reference that is met settles it; else the unread one might have been.
  EXPECT_EQ(judge({"\\frac{1}{2", "8"}, "\\boxed{8}", extraction, {}).outcome, Outcome::correct);
  EXPECT_EQ(judge({"\\frac{1}{2", "7"}, "\\boxed{8}", extraction, {}).outcome,
            Outcome::unverifiable);
  // An answer that cannot be read is wrong.
  EXPECT_EQ(judge({"8"}, "\\boxed{8 (}", extraction, {}).outcome, Outcome::wrong);
}

TEST(MathEquality, ThreadsDoNotDisturbEachOther) {
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&good, t] {
      for (int i = 0; i < 50; ++i) {
        good[t] +=
            compare("\\sqrt{5+2\\sqrt{6}}", "\\sqrt{2}+\\sqrt{3}").equality == Equality::equal;
        good[t] += compare("x^2+2x+1", "(x+1)^2").equality == Equality::equal;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const int count : good) EXPECT_EQ(count, 100);
}

}  // namespace
}  // namespace grpo::reward::math
