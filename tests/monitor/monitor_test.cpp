#include "monitor/monitor.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace grpo::monitor {
namespace {

TEST(Monitor, EverySinkGetsTheRecordWithThePhases) {
  Monitor monitor;
  std::vector<Record> seen;
  monitor.add([&](const Record& record) { seen.push_back(record); });
  monitor.add([&](const Record& record) { seen.push_back(record); });
  { const auto span = monitor.span("gen"); }
  { const auto span = monitor.span("reward"); }
  { const auto span = monitor.span("gen"); }
  Record record{1, {}};
  record.set("reward/mean", 0.5);
  monitor.log(record);
  ASSERT_EQ(seen.size(), 2u);
  ASSERT_EQ(seen[1].metrics.size(), 3u);
  EXPECT_EQ(seen[1].metrics[0].first, "reward/mean");
  EXPECT_EQ(seen[1].metrics[1].first, "timing_s/gen");
  EXPECT_EQ(seen[1].metrics[2].first, "timing_s/reward");
  EXPECT_GE(*seen[1].find("timing_s/gen"), 0);

  monitor.log({2, {}});
  EXPECT_TRUE(seen.back().metrics.empty());  // phases belong to the step in which they ran
}

TEST(Monitor, ASinksFailureComesOut) {
  Monitor monitor;
  monitor.add([](const Record&) { throw std::runtime_error("disk full"); });
  EXPECT_THROW(monitor.log({1, {}}), std::runtime_error);
}

}  // namespace
}  // namespace grpo::monitor
