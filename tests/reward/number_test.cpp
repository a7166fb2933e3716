#include <gtest/gtest.h>

#include "reward/math/math_verifier.h"
#include "reward/math/rational.h"

namespace grpo::reward::math {
namespace {

std::string value(std::string_view text) {
  const auto number = parse_plain_number(text);
  return number ? number->value.text() : "(none)";
}

TEST(PlainNumber, ReadsEverySpellingExactly) {
  const std::pair<const char*, const char*> cases[] = {
      {"42", "42"},
      {"-3", "-3"},
      {"+3", "3"},
      {"\xE2\x88\x92"
       "3",
       "-3"},
      {"42.", "42"},
      {"42.0", "42"},
      {".5", "1/2"},
      {"2.50", "5/2"},
      {"1,234,567", "1234567"},
      {"1{,}000", "1000"},
      {"1 000", "1000"},
      {"3/4", "3/4"},
      {"-6/8", "-3/4"},
      {"1 1/2", "3/2"},
      {"-1 1/2", "-3/2"},
      {"$1,000.50", "2001/2"},
      {"\\$5", "5"},
      {"-$5", "-5"},
      {"5\xE2\x82\xAC", "5"},
      {"12 apples", "12"},
      {"3e2", "300"},
      {"3E-2", "3/100"},
      {"007", "7"},
      {"0.1000000000000000000000000000001",
       "1000000000000000000000000000001/10000000000000000000000000000000"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(value(text), expected) << text;
}

TEST(PlainNumber, RefusesWhatIsNotOneNumber) {
  for (const auto text : {"", "-", "abc", "1,2", "1,23", "12,3456", "1.2.3", "3x", "1/0", "2^3",
                          "1+1", "(1, 2)", "1 2", "3 5/2", "$", "1e99999", "x=3"}) {
    EXPECT_EQ(value(text), "(none)") << text;
  }
  EXPECT_EQ(value(std::string(1'000'000, '9')), "(none)");
}

TEST(PlainNumber, NotesPercentAndUnit) {
  EXPECT_TRUE(parse_plain_number("28\\%")->percent);
  EXPECT_TRUE(parse_plain_number("28 percent")->percent);
  EXPECT_EQ(parse_plain_number("12 Square Feet")->unit, "square feet");
}

TEST(MathVerifier, EqualNumbersAreEqualWhateverTheirSpelling) {
  const auto equal = [](std::string_view a, std::string_view b) {
    return compare(a, b).equality == Equality::equal && compare(b, a).equality == Equality::equal;
  };
  EXPECT_TRUE(equal("1/2", "0.5"));
  EXPECT_TRUE(equal("1000", "$1,000.00"));
  EXPECT_TRUE(equal("0.28", "28%"));
  EXPECT_TRUE(equal("28", "28%"));
  EXPECT_FALSE(equal("1/3", "0.5"));
  EXPECT_FALSE(equal("18", "18.5"));
  EXPECT_FALSE(equal("100000000000000000001", "100000000000000000000"));
}

TEST(MathVerifier, ScoresAResponse) {
  datasets::Problem problem;
  problem.answer = "72";
  const MathVerifier verifier;
  const auto right = verifier.score(problem, "<think>48+24</think><answer>72</answer>");
  EXPECT_EQ(right.outcome, Outcome::correct);
  EXPECT_EQ(right.value, 1);
  EXPECT_EQ(right.extracted, "72");
  EXPECT_EQ(right.rule, "tag:answer/text");
  EXPECT_EQ(verifier.score(problem, "<answer>73</answer>").outcome, Outcome::wrong);
  EXPECT_EQ(verifier.score(problem, "").outcome, Outcome::wrong);
  problem.answer = " ";
  EXPECT_EQ(verifier.score(problem, "<answer>72</answer>").outcome, Outcome::unverifiable);
}

}  // namespace
}  // namespace grpo::reward::math
