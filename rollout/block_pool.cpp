#include "rollout/block_pool.h"

#include "base/error.h"

namespace grpo::rollout {

BlockPool::BlockPool(int64_t num_pages) : uses_(static_cast<size_t>(num_pages), 0) {
  for (int64_t page = num_pages; page-- > 0;) free_.push_back(static_cast<int32_t>(page));
}

int32_t BlockPool::allocate() {
  if (free_.empty()) return -1;
  const int32_t page = free_.back();
  free_.pop_back();
  uses_[static_cast<size_t>(page)] = 1;
  return page;
}

void BlockPool::retain(int32_t page) {
  check(uses_[static_cast<size_t>(page)] > 0, "block pool: page {} is free, cannot be shared",
        page);
  ++uses_[static_cast<size_t>(page)];
}

void BlockPool::release(int32_t page) {
  int32_t& uses = uses_[static_cast<size_t>(page)];
  check(uses > 0, "block pool: page {} released twice", page);
  if (--uses == 0) free_.push_back(page);
}

}  // namespace grpo::rollout
