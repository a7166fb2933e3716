#include "kernels/work_list.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace grpo::kernels {
namespace {

TEST(WorkList, EveryItemOfEveryGroupComesOnceInOrder) {
  WorkList work;
  for (const int64_t items : {0, 3, 0, 1, 2, 0}) work.add_group(items);
  std::vector<std::pair<int64_t, int64_t>> seen;
  for (int64_t i = 0; i < work.size(); ++i) {
    const auto [group, index] = work.item(i);
    seen.emplace_back(group, index);
  }
  const std::vector<std::pair<int64_t, int64_t>> want = {{1, 0}, {1, 1}, {1, 2},
                                                         {3, 0}, {4, 0}, {4, 1}};
  EXPECT_EQ(seen, want);
}

}  // namespace
}  // namespace grpo::kernels
