#include "reward/math/latex.h"

#include <gtest/gtest.h>

#include <chrono>

#include "reward/math/evaluate.h"
#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

std::string tree(std::string_view text) {
  const auto result = parse_math(text);
  return result ? canonical(*result.tree) : "error: " + result.error;
}

std::string value(std::string_view text) {
  const auto result = parse_math(text);
  if (!result) return "error: " + result.error;
  Budget budget(std::chrono::milliseconds(1000));
  const auto exact = exact_value(*result.tree, {}, budget);
  return exact ? exact->text() : "not rational";
}

TEST(Latex, BindsAsMathematiciansRead) {
  EXPECT_EQ(value("1+2*3"), "7");
  EXPECT_EQ(value("-2^2"), "-4");
  EXPECT_EQ(value("2^3^2"), "512");
  EXPECT_EQ(tree("2^3^4^5"), tree("2^{3^{4^5}}"));
  EXPECT_EQ(value("8/2/2"), "2");
  EXPECT_EQ(value("1/2 \\cdot 3"), "3/2");
  EXPECT_EQ(value("2(3+4)"), "14");
  EXPECT_EQ(value("5-(-3)"), "8");
  EXPECT_EQ(value("3!"), "6");
  EXPECT_EQ(value("10^32/10^{30}"), "100");
}

TEST(Latex, ReadsNumbersOfEverySpelling) {
  EXPECT_EQ(value("1,234,567"), "1234567");
  EXPECT_EQ(value("12{,}000"), "12000");
  EXPECT_EQ(value("12,\\!000"), "12000");
  EXPECT_EQ(value("0.\\overline{3}"), "1/3");
  EXPECT_EQ(value("0.1\\overline{6}"), "1/6");
  EXPECT_EQ(value("2\\frac13"), "7/3");
  EXPECT_EQ(value("2\\frac32"), "3");  // no mixed number: a product
  EXPECT_EQ(value("2\\frac{1}{\\frac{1}{3}}"), "6");
  EXPECT_EQ(value("-3 \\frac{1}{2}"), "-7/2");
  EXPECT_EQ(value("1 1/2"), "3/2");
  EXPECT_EQ(value("1101_2"), "13");
  EXPECT_EQ(value("7.8\\times 10^{2}"), "780");
  EXPECT_EQ(value("1.5e-2"), "3/200");
  EXPECT_EQ(value("25\\%"), "1/4");
  EXPECT_EQ(value("5 million"), "5000000");
  EXPECT_EQ(value("\\$32,348"), "32348");
}

TEST(Latex, ReadsShortForms) {
  EXPECT_EQ(value("\\frac12"), "1/2");
  EXPECT_EQ(value("\\frac1{3}"), "1/3");
  EXPECT_EQ(value("\\tfrac{8}3"), "8/3");
  EXPECT_EQ(value("\\sqrt4"), "2");
  EXPECT_EQ(value("\\sqrt[3]{-8}"), "-2");
  EXPECT_EQ(value("\\binom{5}{2}"), "10");
  EXPECT_EQ(value("{5 \\choose 2}"), "10");
  EXPECT_EQ(value("\\left|3-5\\right|"), "2");
  EXPECT_EQ(value("\\lfloor 7/2 \\rfloor"), "3");
  EXPECT_EQ(value("\\sum_{k=1}^{4} k^2"), "30");
  EXPECT_EQ(value("\\prod_{k=1}^{4} k"), "24");
  EXPECT_EQ(value("\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}"), "-2");
  EXPECT_EQ(value("-7 \\mod 3"), "2");
  EXPECT_EQ(value("\\gcd(12, 18)"), "6");
  EXPECT_EQ(value("\\operatorname{lcm}(4,6)"), "12");
}

TEST(Latex, ReadsStructures) {
  EXPECT_EQ(tree("(1, 2)"), "(1, 2)");
  EXPECT_EQ(tree("[0,1)"), "[0, 1)");
  EXPECT_EQ(tree("\\{1,2\\}"), "{1, 2}");
  EXPECT_EQ(tree("1 < x \\le 3"), "1 < x <= 3");
  EXPECT_EQ(tree("x=1 \\text{ or } x=2"), "x = 1, x = 2");
  EXPECT_EQ(tree("x_{max} + v^2_0"), "(x_max + (v_0^2))");
  EXPECT_EQ(tree("\\text{Evelyn}"), "\"Evelyn\"");
  EXPECT_EQ(tree("\\begin{pmatrix}1\\\\2\\end{pmatrix}"), "matrix2[1, 2]");
}

TEST(Latex, FunctionsWithoutParenthesesTakeTheirProduct) {
  EXPECT_EQ(tree("\\sin 2x + 1"), "(sin((2*x)) + 1)");
  EXPECT_EQ(tree("2 \\sin b \\cos a"), "(2*sin(b)*cos(a))");
  EXPECT_EQ(tree("\\sin^{-1} x"), "arcsin(x)");
  EXPECT_EQ(tree("\\log_2 8"), "log(2, 8)");
}

TEST(Latex, ErrorsSayWhere) {
  const auto open = parse_math("1 + (2");
  EXPECT_FALSE(open);
  EXPECT_EQ(open.position, 6u);
  EXPECT_EQ(parse_math("1 + ").position, 4u);
  EXPECT_EQ(parse_math("3 ? 4").position, 2u);
}

TEST(Latex, RefusesWhatHasNoMeaning) {
  for (const auto text : {"",
                          " ",
                          "{",
                          "}",
                          "-",
                          "!",
                          "!0",
                          "\\frac{}{2}",
                          "\\sqrt",
                          "\\cos^2",
                          "\\frac{d}{dx}",
                          "||x|",
                          "a\\%",
                          "(((())))",
                          "\\",
                          "*",
                          "\\frac{(2 + x}{1 - x)}",
                          "9_5",
                          "3 4 5",
                          "5 dollars 3",
                          "half of 3",
                          "3 less 4",
                          "\x01",
                          "\xFF\xFE"}) {
    EXPECT_FALSE(parse_math(text)) << text << " -> " << tree(text);
  }
}

TEST(Latex, HostileTextEndsInAnErrorSoon) {
  const auto start = std::chrono::steady_clock::now();
  const auto many = [](std::string_view piece, int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += piece;
    return text;
  };
  for (const auto piece :
       {"(",   "{",      "[",   "|",   "\\frac{",  "\\sqrt",          "-", "2^", "\\left(",
        "\\{", "\\sin ", "x_{", "1+(", "\\boxed{", "\\begin{matrix}", "!", "1,", "\\text{",
        "a",   "\\sum_{"}) {
    for (const int n : {50, 1000, 100000}) {
      const auto text = many(piece, n);
      parse_math(text);
      parse_math(text + "1");
      compare("1", text);
    }
  }
  EXPECT_FALSE(parse_math(std::string(1000000, '9')));
  EXPECT_FALSE(parse_math(std::string(5000, '9')));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 10);
}

TEST(Latex, NothingExplodes) {
  const auto start = std::chrono::steady_clock::now();
  for (const auto text : {"9^9^9^9",
                          "9^{9^{9^{9}}}",
                          "10^{10^{10}}",
                          "(10^8)!",
                          "\\binom{10^9}{5\\cdot 10^8}",
                          "((((9!)!)!)!)",
                          "\\sum_{k=1}^{10^9} k",
                          "\\prod_{k=1}^{9999} k^{k}",
                          "e^{e^{e^{e^{9}}}}",
                          "\\sin(10^{1000})",
                          "2^{-10^{9}}",
                          "\\gcd(10^{1999}, 3)",
                          "0.5^{10^9}",
                          "x^{10^9}",
                          "\\sqrt[1000]{10^{500}}",
                          "\\tan(\\pi/2)",
                          "\\ln 0",
                          "1/0",
                          "0^0",
                          "\\log_1 5"}) {
    EXPECT_NE(compare("5", text).equality, Equality::equal) << text;
    EXPECT_NE(compare(text, "5").equality, Equality::equal) << text;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 5);
}

}  // namespace
}  // namespace grpo::reward::math
