#include "rl/schedule.h"

#include <gtest/gtest.h>

namespace grpo::rl {
namespace {

TEST(Schedule, WarmupRisesLinearlyAndItsLastStepHasTheFullRate) {
  const ScheduleConfig config{.warmup_steps = 4};
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 0, 10), 0.25);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 2, 10), 0.75);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 3, 10), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 4, 10), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 9, 10), 1.0);
}

TEST(Schedule, LinearFallsToTheFloor) {
  const ScheduleConfig config{.decay = Decay::kLinear, .warmup_steps = 2, .floor = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 2, 12), 1.0);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 7, 12), 0.55);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 12, 12), 0.1);
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 500, 12), 0.1);
}

TEST(Schedule, CosineFallsToTheFloor) {
  const ScheduleConfig config{.decay = Decay::kCosine, .floor = 0.1};
  EXPECT_DOUBLE_EQ(learning_rate_factor(config, 0, 6), 1.0);
  EXPECT_NEAR(learning_rate_factor(config, 2, 6), 0.1 + 0.9 * 0.75, 1e-15);  // cos 60 degrees
  EXPECT_NEAR(learning_rate_factor(config, 3, 6), 0.55, 1e-15);
  EXPECT_NEAR(learning_rate_factor(config, 6, 6), 0.1, 1e-15);
}

TEST(Schedule, AWarmupAsLongAsTheRunNeverDivides) {
  for (const auto decay : {Decay::kConstant, Decay::kLinear, Decay::kCosine}) {
    const ScheduleConfig config{.decay = decay, .warmup_steps = 3};
    EXPECT_DOUBLE_EQ(learning_rate_factor(config, 2, 3), 1.0);
    EXPECT_DOUBLE_EQ(learning_rate_factor(config, 0, 0), 1.0 / 3.0);
  }
}

}  // namespace
}  // namespace grpo::rl
