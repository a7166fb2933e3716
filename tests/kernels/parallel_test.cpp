#include "kernels/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace grpo::kernels {
namespace {

class Parallel : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    before_ = num_threads();
    set_num_threads(GetParam());
  }
  void TearDown() override { set_num_threads(before_); }

 private:
  int before_ = 1;
};

TEST_P(Parallel, CoversEveryItemOnceInRangesOfTheGrain) {
  for (const int64_t count : {0, 1, 2, 7, 64, 1000}) {
    for (const int64_t grain : {0, 1, 3, 64, 5000}) {
      std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
      std::atomic<bool> too_long{false};
      parallel_for(count, grain, [&](int64_t begin, int64_t end) {
        if (end - begin > std::max<int64_t>(grain, 1)) too_long = true;
        for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
      });
      for (const auto& times : seen) ASSERT_EQ(times, 1);
      if (GetParam() > 1) {
        EXPECT_FALSE(too_long);
      }
    }
  }
}

TEST_P(Parallel, ACallFromInsideRunsSerially) {
  std::atomic<int64_t> sum{0};
  parallel_for(8, 1, [&](int64_t begin, int64_t end) {
    const auto caller = std::this_thread::get_id();
    for (int64_t i = begin; i < end; ++i) {
      parallel_for(10, 1, [&](int64_t from, int64_t to) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        sum += to - from;
      });
    }
  });
  EXPECT_EQ(sum, 80);
}

TEST_P(Parallel, ManyShortCallsFollowEachOther) {
  int64_t sum = 0;
  for (int call = 0; call < 2000; ++call) {
    std::atomic<int64_t> part{0};
    parallel_for(4, 1, [&](int64_t begin, int64_t end) { part += end - begin; });
    sum += part;
  }
  EXPECT_EQ(sum, 8000);
}

TEST_P(Parallel, SeveralThreadsMayCallAtOnce) {
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c) {
    callers.emplace_back([&] {
      for (int call = 0; call < 100; ++call) {
        parallel_for(16, 2, [&](int64_t begin, int64_t end) { sum += end - begin; });
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(sum, 3 * 100 * 16);
}

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, testing::Values(1, 2, 5));

TEST(ParallelPool, HasAtLeastOneThread) {
  const int before = num_threads();
  set_num_threads(-3);
  EXPECT_EQ(num_threads(), 1);
  set_num_threads(4);
  EXPECT_EQ(num_threads(), 4);
  set_num_threads(before);
}

}  // namespace
}  // namespace grpo::kernels
