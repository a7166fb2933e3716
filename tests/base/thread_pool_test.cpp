#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "base/error.h"

namespace grpo {
namespace {

TEST(ThreadPool, FuturesBringResultsAndExceptions) {
  ThreadPool pool(3);
  std::vector<std::future<int>> results;
  for (int i = 0; i < 100; ++i) results.push_back(pool.submit([i] { return i * i; }));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(results[i].get(), i * i);
  auto failing = pool.submit([]() -> int { throw Error("no"); });
  EXPECT_THROW(failing.get(), Error);
  EXPECT_EQ(pool.submit([owned = std::make_unique<int>(7)] { return *owned; }).get(), 7);
}

TEST(ThreadPool, DestructorRunsWhatIsQueued) {
  std::atomic<int> done{0};
  {
    ThreadPool pool(2);
    for (int i = 0; i < 200; ++i) pool.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 200);
}

TEST(ThreadPool, NeedsAThread) { EXPECT_THROW(ThreadPool(0), Error); }

}  // namespace
}  // namespace grpo
