#include "reward/math/identity.h"

#include <gtest/gtest.h>

#include "reward/math/latex.h"
#include "reward/math/math_verifier.h"
#include "reward/math/polynomial.h"
#include "reward/math/separation.h"

namespace grpo::reward::math {
namespace {

bool proven(std::string_view a, std::string_view b) {
  const auto x = parse_math(a), y = parse_math(b);
  EXPECT_TRUE(x && y) << a << " and " << b;
  Budget budget(std::chrono::milliseconds(1000));
  return is_identity(*x.tree, *y.tree, budget);
}

TEST(Identity, ProvesPolynomialsAndRationalFunctions) {
  EXPECT_TRUE(proven("(x+1)^2", "x^2+2x+1"));
  EXPECT_TRUE(proven("(a+b+c)^3-(a^3+b^3+c^3)", "3(a+b)(b+c)(c+a)"));
  EXPECT_TRUE(proven("\\frac1x+\\frac1y", "\\frac{x+y}{xy}"));
  EXPECT_TRUE(proven("\\frac{x^3-1}{x-1}", "x^2+x+1"));
  EXPECT_FALSE(proven("(x+1)^2", "x^2+2x"));
  EXPECT_FALSE(proven("\\sqrt{x^2}", "x"));
  EXPECT_FALSE(proven("|x|", "x"));
}

TEST(Identity, KnowsRootsLogarithmsAndTheUnits) {
  EXPECT_TRUE(proven("\\sqrt{12}", "2\\sqrt3"));
  EXPECT_TRUE(proven("\\frac{1}{\\sqrt2-1}", "\\sqrt2+1"));
  EXPECT_TRUE(proven("(1+i)^4", "-4"));
  EXPECT_TRUE(proven("\\sqrt{-12}", "2i\\sqrt3"));
  EXPECT_TRUE(proven("\\sqrt[3]{-54}", "-3\\sqrt[3]{2}"));
  EXPECT_TRUE(proven("\\log_4 9", "\\log_2 3"));
  EXPECT_TRUE(proven("\\ln\\frac{8}{9}", "3\\ln 2-2\\ln 3"));
  EXPECT_TRUE(proven("\\sqrt{x}\\sqrt{x}", "x"));
  EXPECT_TRUE(proven("1-\\cos^4 x", "\\sin^2 x(1+\\cos^2 x)"));
  EXPECT_FALSE(proven("\\sqrt2+\\sqrt3", "\\sqrt5"));
  EXPECT_FALSE(proven("\\sqrt{x}\\sqrt{y}", "\\sqrt{xy}"));  // not for negative x and y
}

TEST(Identity, GivesTheConstantBetweenEquations) {
  const auto f = parse_math("2x^2+2y^2-2"), g = parse_math("1-x^2-y^2"), h = parse_math("x^2+y^2");
  Budget budget(std::chrono::milliseconds(1000));
  EXPECT_EQ(proven_ratio(*f.tree, *g.tree, budget), Rational(-2));
  EXPECT_FALSE(proven_ratio(*f.tree, *h.tree, budget));
}

TEST(Identity, WorkIsRefusedBySize) {
  for (const auto text : {"(a+b+c+d+f+g+h)^{199}", "(((x+1)^{99})^{99})^{99}", "(x+10^{1999})^{99}",
                          "\\frac{1}{(a+b)^{90}}+\\frac{1}{(c+d)^{90}}+\\frac{1}{(f+g)^{90}}"}) {
    EXPECT_FALSE(proven(text, "x")) << text;
  }
  Budget budget(std::chrono::seconds(60));
  PolynomialRing ring(budget);
  Polynomial wide;
  for (int i = 0; i < 200; ++i) wide[{{ring.atom(std::to_string(i)), 1}}] = Rational(1);
  EXPECT_THROW(ring.multiply(wide, wide), TooLarge);
}

double bits(std::string_view a, std::string_view b) {
  Budget budget(std::chrono::milliseconds(1000));
  return separation_bits(*parse_math(a).tree, *parse_math(b).tree, budget).value_or(-1);
}

TEST(Separation, BoundsDifferencesOfAlgebraicNumbers) {
  // |sqrt(n^2 + 1) - n| > 1 / (2n + 1): the bound must not promise more than that.
  EXPECT_GE(bits("\\sqrt{1000001}", "1000"), 10.9);
  EXPECT_LT(bits("\\sqrt{1000001}", "1000"), 30);
  // (sqrt 2 - 1)^40 is about 2^-50.9
  EXPECT_GE(bits("(\\sqrt2-1)^{40}", "0"), 50.8);
  // sqrt 6 lies in the field of sqrt 2 and sqrt 3
  EXPECT_LT(bits("\\sqrt2+\\sqrt3", "\\sqrt6"), bits("\\sqrt2+\\sqrt3", "\\sqrt5"));
  EXPECT_EQ(bits("\\pi", "3"), -1);
  EXPECT_EQ(bits("x", "3"), -1);
  EXPECT_EQ(bits("\\sin 1", "\\frac12"), -1);
}

TEST(Separation, DecidesWhatLooksEqual) {
  EXPECT_EQ(compare("\\sqrt{5+2\\sqrt6}", "\\sqrt2+\\sqrt3").reason, "algebraic");
  EXPECT_EQ(compare("\\cos\\frac{\\pi}{5}-\\cos\\frac{2\\pi}{5}", "\\frac12").reason, "algebraic");
  EXPECT_EQ(compare("\\sin 15^\\circ", "\\frac{\\sqrt6-\\sqrt2}{4}").reason, "algebraic");
  // 10^-60 apart
  EXPECT_EQ(compare("\\sqrt{10^{60}+10^{-60}}", "10^{30}").equality, Equality::different);
  // No algebraic numbers: evidence, and said so.
  EXPECT_EQ(compare("e^{\\ln 5}", "5").reason, "ball");
}

}  // namespace
}  // namespace grpo::reward::math
