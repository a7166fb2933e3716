#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

using Clock = std::chrono::steady_clock;

/// What explodes takes hours; the bound leaves room for a busy machine and for sanitizers.
constexpr double kHangSeconds = 30;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string repeated(std::string_view piece, int n) {
  std::string text;
  text.reserve(piece.size() * static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) text += piece;
  return text;
}

/// Judged as bare answer, as whole response, and with rules that look for formulas; as reference
/// too. Never right, and soon.
void expect_never_right(const std::string& text) {
  const auto start = Clock::now();
  for (const auto* extraction : {"none", "", "boxed", "latex+expr", "letter", "hash4"}) {
    const auto where = parse_extraction(extraction);
    EXPECT_NE(judge({"271"}, text, where, {}).outcome, Outcome::correct) << extraction;
    EXPECT_NE(judge({text}, "271", where, {}).outcome, Outcome::correct) << extraction;
  }
  EXPECT_LT(seconds_since(start), kHangSeconds) << text.substr(0, 40);
}

TEST(Hostile, InvalidUtf8) {
  for (const std::string text :
       {"\xFF\xFE 41", "4\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    expect_never_right("$" + text + "\x80$");
    EXPECT_NE(compare("41", text).equality, Equality::equal);
  }
}

TEST(Hostile, NulBytes) {
  const std::string nul(1, '\0');
  expect_never_right("4" + nul + "1");
  expect_never_right(nul);
  EXPECT_NE(compare("41", "41" + nul + "2").equality, Equality::equal);
}

TEST(Hostile, TenMegabyteAnswers) {
  const size_t size = 10'000'000;
  for (const std::string_view piece : {"1", "$", "\\boxed{", "answer is ", "\\frac{", "<answer>",
                                       "$1$ and ", "\xE7\xAD\x94\xE6\xA1\x88"}) {
    const std::string text = repeated(piece, static_cast<int>(size / piece.size()));
    for (const auto* extraction : {"", "latex+expr"}) {
      const auto start = Clock::now();
      EXPECT_NE(judge({"271"}, text, parse_extraction(extraction), {}).outcome, Outcome::correct);
      EXPECT_LT(seconds_since(start), kHangSeconds) << piece << " by " << extraction;
    }
  }
}

TEST(Hostile, AHundredThousandNestedBraces) {
  const int n = 100'000;
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"{", "}"}, {"(", ")"}, {"\\sqrt{", "}"}, {"\\boxed{", "}"}, {"\\frac{1}{", "}"}}) {
    expect_never_right(repeated(open, n) + "41" + repeated(close, n));
    expect_never_right("\\boxed{" + repeated(open, n) + "41" + repeated(close, n) + "}");
    expect_never_right(repeated(open, n));
  }
}

TEST(Hostile, UnterminatedBox) {
  for (const auto* text :
       {"\\boxed{41", "\\boxed{41 \\boxed{", "\\boxed{{41}", "\\boxed", "\\boxed41"}) {
    EXPECT_NE(judge({"41"}, text, parse_extraction("boxed"), {}).outcome, Outcome::correct) << text;
  }
}

TEST(Hostile, AMillionDigits) {
  const std::string digits = repeated("9", 1'000'000);
  expect_never_right(digits);
  expect_never_right("0." + digits);
  expect_never_right("\\frac{" + digits + "}{" + digits + "}");
  expect_never_right("1e" + digits);
  expect_never_right("x_{" + digits + "}");
  EXPECT_NE(compare(digits + "1", digits + "2").equality, Equality::equal);
}

TEST(Hostile, PowerTowersAndOtherGiants) {
  for (const auto* text :
       {"9^9^9^9", "9^{9^{9^{9}}}", "(((9!)!)!)!", "10^{10^{10^{10}}}", "2^{2^{100}}-2^{2^{100}}",
        "\\binom{10^{18}}{10^{17}}", "\\sum_{k=1}^{10^{18}} k", "\\prod_{k=1}^{10000} k^{k^k}",
        "\\sqrt[10^9]{9^{9^9}}", "e^{e^{e^{e^{e}}}}", "\\log_{9^{9^9}} 9^{9^{9^9}}", "(9!!)!!!!",
        "(x+y+z)^{10^9}", "\\gcd(9^{9^9},3^{3^3^3})", "1/(10^{-1999})^{1999}"}) {
    expect_never_right(text);
    compare(text, "(" + std::string(text) + ")+0");
  }
}

/// item(0)<separator>item(1)…
template <class Item>
std::string series(int n, const std::string& separator, Item item) {
  std::string text;
  for (int i = 0; i < n; ++i) text += (i == 0 ? "" : separator) + item(i);
  return text;
}

std::string number(int n) { return std::to_string(n); }

/// Legal expressions of every class that makes work, each as large as a text may be.
std::vector<std::string> giants() {
  const auto power = [](int base, int bits) {
    return number(base) + "^{" + number(static_cast<int>(bits / std::log2(base))) + "}";
  };
  const auto square = [](const std::string& entry, int n) {
    const std::string row = series(n, "&", [&](int) { return entry; });
    return "\\begin{vmatrix}" + series(n, "\\\\", [&](int) { return row; }) + "\\end{vmatrix}";
  };
  return {
      // Denominators that share nothing: the sum has the digits of all.
      series(390, "+", [&](int i) { return "\\frac{1}{" + power(i + 3, 40'000) + "+1}"; }),
      series(290, "\\cdot ",
             [&](int i) {
               return "\\frac{" + power(i + 3, 40'000) + "+1}{" + power(i + 4, 40'000) + "+1}";
             }),
      "\\sin(\\pi" + repeated("\\cdot\\frac{2^{49999}}{3^{30000}}", 400) + ")",
      "\\sqrt[63]{\\frac{2^{49999}}{3^{30000}}}+\\pi",
      repeated("1\\frac{", 35) + "x" + repeated("}{7}", 35),
      "x^{" + series(2000, "+", [](int) { return "1"; }) + "}" + repeated("y", 1500),
      repeated("\\sqrt{2+", 30) + "2" + repeated("}", 30),
      series(40, "+", [](int i) { return "\\sqrt[7]{" + number(1000003 + 2 * i) + "}"; }),
      series(150, "+", [](int i) { return "\\ln(" + std::string(60, '7') + number(i) + ")"; }),
      series(500, "+", [](int i) { return "(\\pi+" + number(i) + ")!"; }),
      square("\\frac{7^{300}}{11^{290}}", 8),
      square("\\sqrt{2}+x", 30),
      "(x+y+z+w+1)^{60}",
      "(x+y+z)^{20}(x-y+z)^{20}(x+y-z)^{20}",
      "(\\sqrt{x+y}+\\sqrt{x-y})^{150}",
      "(1+i\\sqrt2+\\sqrt3)^{199}",
      series(100, "+", [](int i) { return "\\frac{1}{x+" + number(i) + "}"; }),
      "\\cos\\frac{\\pi}{1021}+\\cos\\frac{\\pi}{1019}+\\cos\\frac{\\pi}{1013}",
      "\\sum_{k=1}^{10000} \\frac{1}{k^7+1}",
      "\\prod_{k=1}^{9999} \\frac{k^2+1}{k^3+2}",
      "\\sum_{k=1}^{9999}\\sum_{j=1}^{9999} \\frac{1}{kj}",
      "\\sum_{k=1}^{1000}\\sum_{j=1}^{1000} \\sin(kj\\pi/7)",
      "\\{" + series(1000, ",", [](int i) { return "\\sqrt{" + number(i) + "}"; }) + "\\}",
      series(600, ",", [](int i) { return number(i) + "\\pm\\sqrt2"; }),
      series(190, "\\cup",
             [](int i) { return "(\\sqrt{" + number(i) + "},\\sqrt{" + number(i + 1) + "})"; }),
      "\\mathbb{R}" + repeated("\\setminus\\{\\sqrt2\\}\\setminus(1,\\pi)", 150),
      series(500, " or ", [](int i) { return "x>" + number(i); }),
      series(600, "<", [](int i) { return "x+" + number(i); }),
      repeated("[", 30) + "0" + repeated(",1)", 30),
      series(350, "+", [](int) { return "\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}"; }),
      "\\gcd(" + series(800, ",", [](int i) { return number(i + 3) + "^{9000}"; }) + ")",
      "3" + repeated("!", 3000),
      series(2900, "/", [](int) { return "\\pi"; }),
      series(2900, "^", [](int) { return "2"; }),
      series(2900, "=", [](int) { return "x"; }),
      series(2000, "\\pm ", [](int) { return "1"; }),
      repeated("-", 3000) + "1",
      "(1+\\pi)^{16777215}",
      "\\lfloor(1+\\sqrt2)^{2000}+(1-\\sqrt2)^{2000}\\rfloor",
  };
}

TEST(Hostile, GiantsOfEveryClassAreNeverRightAndKeepTheirDeadline) {
  MathOptions options;
  options.timeout_ms = 300;
  for (const auto& text : giants()) {
    const auto start = Clock::now();
    EXPECT_NE(compare("271", text, options).equality, Equality::equal);
    EXPECT_NE(compare(text, "\\{" + text + "," + text + "+1\\}", options).equality,
              Equality::equal);
    EXPECT_NE(compare(text, "1+(" + text + ")", options).equality, Equality::equal);
    compare(text, "2(" + text + ")/2", options);
    EXPECT_LT(seconds_since(start), kHangSeconds) << text.substr(0, 60);
  }
}

TEST(Hostile, AThousandElementsInAnyOrder) {
  const auto sorted = series(1000, ",", number);
  const auto turned = series(1000, ",", [](int i) { return number(999 - i); });
  EXPECT_EQ(compare("\\{" + sorted + "\\}", "\\{" + turned + "\\}").equality, Equality::equal);
  EXPECT_EQ(compare("\\{" + sorted + "\\}", "\\{" + turned + ",1000\\}").equality,
            Equality::different);
}

TEST(Hostile, EmptyGold) {
  for (const auto* gold : {"", " ", "\n", "$$", "\\boxed{}", "**"}) {
    for (const auto* answer : {"", "41", "\\boxed{}", "$$", " "}) {
      EXPECT_NE(judge({gold}, answer, parse_extraction("none"), {}).outcome, Outcome::correct)
          << '"' << gold << "\" against \"" << answer << '"';
      EXPECT_NE(judge({gold}, answer, parse_extraction(""), {}).outcome, Outcome::correct)
          << '"' << gold << "\" against \"" << answer << '"';
    }
  }
}

/// Expressions that are legal and made to cost as much as they can.
std::string costly(Random& random, int depth) {
  static const std::vector<std::string> leaves{
      "9",     "99",  "10^{1999}", "2^{99999}", "2000!",
      "\\pi",  "e",   "i",         "x",         "n",
      "4095",  "3.7", "10^{-300}", "1.0000001", "7/3",
      "5000!", "2",   "3",         "k",         "12345678901234567890"};
  if (depth == 0) return leaves[static_cast<size_t>(random.below(leaves.size()))];
  const auto inner = [&] { return costly(random, depth - 1); };
  switch (random.below(12)) {
    case 0:
      return "(" + inner() + "+" + inner() + "+" + inner() + ")";
    case 1:
      return "(" + inner() + ")(" + inner() + ")(" + inner() + ")";
    case 2:
      return "\\frac{" + inner() + "}{" + inner() + "}";
    case 3:
      return "(" + inner() + ")^{" + inner() + "}";
    case 4:
      return "\\sqrt[" + std::string(random.below(2) == 0 ? "2" : "63") + "]{" + inner() + "}";
    case 5:
      return "(" + inner() + ")!";
    case 6:
      return "\\sum_{k=1}^{9999} (" + inner() + "+k^k)";
    case 7:
      return "\\sum_{k=1}^{100}\\sum_{j=1}^{100} (" + inner() + "\\cdot k j)";
    case 8:
      return "\\sin(" + inner() + ")";
    case 9:
      return "\\log_{" + inner() + "}(" + inner() + ")";
    case 10:
      return "\\gcd(" + inner() + "," + inner() + ")";
    default:
      return "\\binom{" + inner() + "}{" + inner() + "}";
  }
}

TEST(Hostile, EveryCallEndsSoonAfterItsDeadline) {
  Random random(5);
  MathOptions options;
  options.timeout_ms = 20;
  double slowest = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = costly(random, 1 + i % 5);
    const auto start = Clock::now();
    compare(text, "2(" + text + ")/2", options);
    slowest = std::max(slowest, seconds_since(start));
  }
  EXPECT_LT(slowest, 1);  // a single step on a busy machine
}

}  // namespace
}  // namespace grpo::reward::math
