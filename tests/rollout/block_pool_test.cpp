#include "rollout/block_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/error.h"
#include "base/random.h"

namespace grpo::rollout {
namespace {

TEST(BlockPool, AgreesWithPlainCountsOverManyRandomOperations) {
  constexpr int64_t kPages = 9;
  BlockPool pool(kPages);
  std::map<int32_t, int> uses;  // of the pages in use
  Random random(1);
  const auto any_used = [&] {
    auto it = uses.begin();
    std::advance(it, static_cast<std::ptrdiff_t>(random.below(uses.size())));
    return it->first;
  };
  for (int i = 0; i < 10000; ++i) {
    const auto what = random.below(3);
    if (what == 0) {
      const int32_t page = pool.allocate();
      if (uses.size() == kPages) {
        ASSERT_EQ(page, -1);
      } else {
        ASSERT_TRUE(page >= 0 && page < kPages);
        ASSERT_TRUE(uses.emplace(page, 1).second) << "page " << page << " was in use";
      }
    } else if (!uses.empty()) {
      const int32_t page = any_used();
      if (what == 1) {
        pool.retain(page);
        ++uses[page];
      } else {
        pool.release(page);
        if (--uses[page] == 0) uses.erase(page);
      }
    }
    ASSERT_EQ(pool.num_free(), kPages - static_cast<int64_t>(uses.size()));
    for (const auto& [page, count] : uses) ASSERT_EQ(pool.is_shared(page), count > 1);
  }
}

TEST(BlockPool, GivesThePageUsedLastOutFirst) {
  BlockPool pool(4);
  const int32_t first = pool.allocate(), second = pool.allocate();
  pool.release(first);
  EXPECT_EQ(pool.allocate(), first);
  pool.release(second);
  EXPECT_EQ(pool.allocate(), second);
}

TEST(BlockPool, RefusesToShareOrReleaseAFreePage) {
  BlockPool pool(2);
  const int32_t page = pool.allocate();
  pool.release(page);
  EXPECT_THROW(pool.release(page), Error);
  EXPECT_THROW(pool.retain(page), Error);
}

}  // namespace
}  // namespace grpo::rollout
