#include "rl/select.h"

#include <gtest/gtest.h>

#include <limits>

namespace grpo::rl {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct ScoredGroup {
  int id;
  std::vector<double> rewards;
};

TEST(DropUniform, KeepsTheOthersInOrder) {
  std::vector<ScoredGroup> groups = {{0, {1, 1, 1}},    {1, {0, 1}},         {2, {0.3, 0.3, 0.3}},
                                     {3, {kNan, kNan}}, {4, {kNan, 1, 0.5}}, {5, {kNan, 1}}};
  drop_uniform(groups);
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].id, 1);
  EXPECT_EQ(groups[1].id, 4);
}

TEST(DropUniform, KeepsContinuousRewardsWhoseMeanLooksExtreme) {
  std::vector<ScoredGroup> groups = {{0, {0.999, 1.0, 1.0}}, {1, {1e-9, 0.0}}};
  drop_uniform(groups);
  EXPECT_EQ(groups.size(), 2u);
}

TEST(EqualRewards, AreDecidedByMaxMinusMin) {
  EXPECT_TRUE(equal_rewards(std::vector<double>{0.1 + 0.2, 0.3}));  // differ by one ulp
  EXPECT_FALSE(equal_rewards(std::vector<double>{0.3, 0.3 + 1e-11}));
}

TEST(MaskTruncated, TakesTruncatedAnswersOutOfLossAndDenominator) {
  std::vector<Sequence> sequences(3);
  for (Sequence& s : sequences) {
    s.tokens = {1, 2, 3};
    s.trained = {0, 1, 1};
  }
  sequences[1].truncated = true;
  EXPECT_EQ(loss_scale(sequences).tokens, 6);
  EXPECT_EQ(mask_truncated(sequences), 1);
  EXPECT_EQ(mask_truncated(sequences), 0);  // a second time finds nothing new
  EXPECT_EQ(loss_scale(sequences).tokens, 4);
  EXPECT_EQ(loss_scale(sequences).completions, 2);
  const auto batches = pack(sequences, 100);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].sequences, (std::vector<int64_t>{0, 2}));
}

}  // namespace
}  // namespace grpo::rl
