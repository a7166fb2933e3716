#include "rl/advantage.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace grpo::rl {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Rewards = std::vector<std::vector<double>>;

std::vector<double> one_group(const std::vector<double>& rewards, const AdvantageConfig& config) {
  return group_advantages(Rewards{rewards}, config).at(0);
}

TEST(GroupAdvantages, MatchTheHandCalculation) {
  // mean 0.5, squares 0.25 each, sample variance 4 * 0.25 / 3
  const auto a = one_group({1, 0, 0, 1}, {.eps = 0});
  const double expected = 0.5 / std::sqrt(1.0 / 3.0);
  EXPECT_NEAR(a[0], expected, 1e-15);
  EXPECT_NEAR(a[1], -expected, 1e-15);
}

TEST(GroupAdvantages, OneRightOfSixteenIsTheKnownValueScaledToTheSampleDeviation) {
  std::vector<double> rewards(16, 0.0);
  rewards[3] = 1.0;
  const auto a = one_group(rewards, {.eps = 0});
  // Population deviation gives 3.8730 and -0.2582; the sample one is larger by sqrt(16/15).
  EXPECT_NEAR(a[3], std::sqrt(15.0) * std::sqrt(15.0 / 16.0), 1e-12);
  EXPECT_NEAR(a[0], -1.0 / std::sqrt(15.0) * std::sqrt(15.0 / 16.0), 1e-12);
}

TEST(GroupAdvantages, EqualNonDyadicRewardsGiveExactZeros) {
  for (const double r : {0.1, 0.3, 0.7}) {
    for (const auto scale : {AdvantageScale::kGroupStd, AdvantageScale::kNone}) {
      const auto a = one_group(std::vector<double>(7, r), {.scale = scale, .eps = 1e-9});
      for (const double x : a) EXPECT_EQ(x, 0.0);
    }
  }
}

TEST(GroupAdvantages, EqualRewardsHaveNoSpreadToDivideBy) {
  for (const auto baseline : {Baseline::kNone, Baseline::kBatchMean}) {
    const AdvantageConfig config{
        .baseline = baseline, .scale = AdvantageScale::kGroupStd, .eps = 0};
    const auto a = group_advantages(Rewards{{1, 1}, {0, 1}}, config);
    EXPECT_EQ(a[0], (std::vector<double>{0, 0}));
    EXPECT_NE(a[1][1], 0);
  }
}

TEST(GroupAdvantages, LeaveOneOutIsTheRewardMinusTheMeanOfTheOthers) {
  const AdvantageConfig rloo{.baseline = Baseline::kLeaveOneOut, .scale = AdvantageScale::kNone};
  const auto a = one_group({1, 2, 6}, rloo);
  EXPECT_DOUBLE_EQ(a[0], 1 - 4.0);
  EXPECT_DOUBLE_EQ(a[1], 2 - 3.5);
  EXPECT_DOUBLE_EQ(a[2], 6 - 1.5);
}

TEST(GroupAdvantages, UnscorableAnswersTouchNoStatisticAndGetZero) {
  for (const auto baseline : {Baseline::kGroupMean, Baseline::kLeaveOneOut, Baseline::kBatchMean}) {
    const AdvantageConfig config{.baseline = baseline};
    const auto with = one_group({1, kNan, 0, 0.5, kNan}, config);
    const auto without = one_group({1, 0, 0.5}, config);
    EXPECT_EQ(with[1], 0.0);
    EXPECT_EQ(with[4], 0.0);
    EXPECT_NEAR(with[0], without[0], 1e-14);
    EXPECT_NEAR(with[2], without[1], 1e-14);
    EXPECT_NEAR(with[3], without[2], 1e-14);
  }
}

TEST(GroupAdvantages, FewerThanTwoScorableAnswersSayNothing) {
  for (const auto baseline : {Baseline::kGroupMean, Baseline::kLeaveOneOut, Baseline::kNone}) {
    const auto a =
        group_advantages(Rewards{{1, kNan, kNan}, {kNan, kNan, kNan}}, {.baseline = baseline});
    EXPECT_EQ(a, (Rewards{{0, 0, 0}, {0, 0, 0}}));
  }
}

TEST(GroupAdvantages, BatchDeviationIsOfAllRawRewards) {
  // Rewards 0 1 2 5: mean 2, squares 4 1 0 9, sample variance 14/3.
  const auto a =
      group_advantages(Rewards{{0, 1}, {2, 5}}, {.scale = AdvantageScale::kBatchStd, .eps = 0});
  EXPECT_NEAR(a[0][1], 0.5 / std::sqrt(14.0 / 3.0), 1e-15);
  EXPECT_NEAR(a[1][1], 1.5 / std::sqrt(14.0 / 3.0), 1e-15);
}

TEST(GroupAdvantages, CentredBatchDeviationIsOfWhatTheBaselineLeaves) {
  // Centred: -0.5 0.5 -1.5 1.5, sample variance 5/3.
  const auto a = group_advantages(Rewards{{0, 1}, {2, 5}},
                                  {.scale = AdvantageScale::kCentredBatchStd, .eps = 0});
  EXPECT_NEAR(a[1][1], 1.5 / std::sqrt(5.0 / 3.0), 1e-15);
}

TEST(GroupAdvantages, ABatchBaselineWhitensOverAllQuestions) {
  const auto a = group_advantages(
      Rewards{{1, 1}, {0, 1, 0}},
      {.baseline = Baseline::kBatchMean, .scale = AdvantageScale::kBatchStd, .eps = 0});
  double sum = 0, squares = 0;
  for (const auto& group : a) {
    for (const double x : group) sum += x, squares += x * x;
  }
  EXPECT_NEAR(sum, 0.0, 1e-14);
  EXPECT_NEAR(squares / 4, 1.0, 1e-14);
  EXPECT_GT(a[0][0], 0);  // an all-right question is better than the batch
}

TEST(GroupAdvantages, RaggedGroupsAreEachOnTheirOwn) {
  const Rewards rewards{{1, 0}, {3, 1, 2, 7}, {0, 0, 1}};
  const auto together = group_advantages(rewards, {});
  for (std::size_t q = 0; q < rewards.size(); ++q) {
    const auto alone = one_group(rewards[q], {});
    ASSERT_EQ(together[q].size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[q][i], alone[i], 1e-14);
  }
}

TEST(GroupAdvantages, TensorAndListFormsAgree) {
  const auto rewards = at::tensor({1.0, 0.0, 0.25, 0.5, 0.5, 2.0}, at::kDouble).view({2, 3});
  const auto a = group_advantages(rewards, {});
  const auto b = group_advantages(Rewards{{1.0, 0.0, 0.25}, {0.5, 0.5, 2.0}}, {});
  for (int64_t q = 0; q < 2; ++q) {
    for (int64_t i = 0; i < 3; ++i) EXPECT_EQ(a[q][i].item<double>(), b[q][i]);
  }
}

TEST(GroupAdvantages, AGroupOfOneIsRefusedWhereTheGroupIsAsked) {
  EXPECT_THROW(one_group({1}, {}), Error);
  EXPECT_THROW(group_advantages(Rewards{{1, 0}, {1}}, {}), Error);
  EXPECT_THROW(one_group({1}, {.baseline = Baseline::kNone}), Error);  // group_std
  const auto a = one_group({0.7}, {.baseline = Baseline::kNone, .scale = AdvantageScale::kNone});
  EXPECT_EQ(a[0], 0.7);
}

TEST(GroupAdvantages, WhatHasNoAdvantageIsRefused) {
  EXPECT_THROW(one_group({1, std::numeric_limits<double>::infinity()}, {}), Error);
  EXPECT_THROW(group_advantages(at::zeros({3}), {}), Error);
}

}  // namespace
}  // namespace grpo::rl
