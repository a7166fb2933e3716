#include <gtest/gtest.h>

#include <chrono>
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
