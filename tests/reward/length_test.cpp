#include "reward/length.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::reward {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

TEST(Length, SoftOverlongIsLinearInTheBuffer) {
  EXPECT_EQ(soft_overlong(80, 100, 20), 0);
  EXPECT_DOUBLE_EQ(soft_overlong(90, 100, 20), -0.5);
  EXPECT_EQ(soft_overlong(100, 100, 20), -1);
  EXPECT_EQ(soft_overlong(5000, 100, 20), -1);
  EXPECT_THROW(soft_overlong(1, 10, 20), Error);
}

TEST(Length, CosineMatchesHandComputedValues) {
  // p = 1/4: cos = sqrt(1/2), so 0.5 + 0.25 * (1 + 0.70711) = 0.92678.
  EXPECT_NEAR(cosine_length(true, 25, 100, {}), 0.92678, 1e-5);
  EXPECT_DOUBLE_EQ(cosine_length(true, 0, 100, {}), 1.0);
  EXPECT_DOUBLE_EQ(cosine_length(true, 200, 100, {}), 0.5);
  EXPECT_DOUBLE_EQ(cosine_length(false, 50, 100, {}), -0.75);
  EXPECT_NEAR(cosine_length(false, 25, 100, {}), -0.92678, 1e-5);
  EXPECT_DOUBLE_EQ(cosine_length(false, 100, 100, {}), -0.5);
}

TEST(Length, GroupLengthFavoursShortCorrectAnswers) {
  const int64_t lengths[] = {10, 20, 30};
  const bool correct[] = {true, false, true};
  EXPECT_THAT(group_length(lengths, correct),
              ElementsAre(DoubleEq(0.5), DoubleEq(0), DoubleEq(-0.5)));
  const int64_t equal[] = {7, 7, 7};
  EXPECT_THAT(group_length(equal, correct), ElementsAre(0, 0, 0));
}

TEST(Length, RepetitionCountsUniqueNgrams) {
  EXPECT_NEAR(repetition_penalty("this is a this is a test", 3, -2), -0.4, 1e-12);
  EXPECT_NEAR(repetition_penalty("A B C A B C E F G A B C A B C", 3, -1), -5.0 / 13, 1e-12);
  EXPECT_EQ(repetition_penalty("one two one two", 3, -1), 0);
  EXPECT_EQ(repetition_penalty("", 2, -1), 0);
  const int64_t tokens[] = {5, 5, 5, 5, 5};
  EXPECT_DOUBLE_EQ(repetition_penalty(tokens, 2, -0.5), -0.375);
  EXPECT_THROW(repetition_penalty("a", 0, -1), Error);
}

TEST(Length, LanguageConsistencyIsTheShareOfLetters) {
  EXPECT_EQ(language_consistency("12 + 7 = 19", "en"), 1);
  EXPECT_EQ(language_consistency("two words", "en"), 1);
  EXPECT_DOUBLE_EQ(language_consistency("ab\xE4\xB8\xAD\xE6\x96\x87", "en"), 0.5);
  EXPECT_DOUBLE_EQ(language_consistency("ab</think>\xE4\xB8\xAD", "en"), 1);
  EXPECT_EQ(language_consistency("\xE4\xB8\xAD", "zh"), 1);
  EXPECT_THROW(language_consistency("x", "fr"), Error);
}

}  // namespace
}  // namespace grpo::reward
