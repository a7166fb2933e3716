#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace grpo::rollout {

/// Counts of who uses which page of the cache. Pages are shared by the answers of a group and
/// copied when one of them is about to write (copy on write: the caller's job, see `is_shared`).
class BlockPool {
 public:
  explicit BlockPool(int64_t num_pages);

  /// A page with one user, or -1 when none is free. The page used last is given out first.
  int32_t allocate();
  void retain(int32_t page);
  void release(int32_t page);

  bool is_shared(int32_t page) const { return uses_[static_cast<size_t>(page)] > 1; }
  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int64_t num_pages() const { return static_cast<int64_t>(uses_.size()); }

 private:
  std::vector<int32_t> uses_;  // [pages]
  std::vector<int32_t> free_;  // a stack
};

}  // namespace grpo::rollout
