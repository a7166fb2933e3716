#include "rl/load_metrics.h"

#include <gtest/gtest.h>

namespace grpo::rl {
namespace {

TEST(LoadMetrics, TheWorstLayerCountsAndIdleExpertsAddUp) {
  monitor::Record record{1, {}};
  // Means 4 and 3: the most loaded experts have 6 / 4 and 9 / 3 of them.
  add_load_metrics({{6, 4, 2}, {0, 9, 0}}, record);
  EXPECT_DOUBLE_EQ(*record.find("moe/max_vio"), 2.0);
  EXPECT_EQ(*record.find("moe/idle_experts"), 2);
}

TEST(LoadMetrics, ADenseModelHasNone) {
  monitor::Record record{1, {}};
  add_load_metrics({}, record);
  EXPECT_TRUE(record.metrics.empty());
}

}  // namespace
}  // namespace grpo::rl
