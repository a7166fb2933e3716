#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace grpo::policy {

/// A merge: the rank it is applied by, and the token it makes.
struct Merge {
  static constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
  uint32_t rank = kNoRank;
  int32_t id = -1;
};

/// Pairs of token ids to merges; 16 bytes a slot, so that a look-up costs one cache line.
class MergeTable {
 public:
  explicit MergeTable(size_t expected = 0) {
    size_t slots = 16;
    while (slots * 5 < expected * 8) slots *= 2;  // at most 5/8 full
    slots_.resize(slots);
  }

  /// At most `expected` different pairs; a pair written twice keeps its last merge.
  void insert(int32_t left, int32_t right, Merge merge) {
    slots_[find_slot(key_of(left, right))] = {key_of(left, right), merge};
  }

  /// Rank kNoRank when the pair does not merge.
  Merge find(int32_t left, int32_t right) const {
    return slots_[find_slot(key_of(left, right))].merge;
  }

 private:
  static constexpr uint64_t kEmpty = std::numeric_limits<uint64_t>::max();
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge;
  };

  static uint64_t key_of(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }

  size_t find_slot(uint64_t key) const {
    const size_t mask = slots_.size() - 1;
    const uint64_t hash = (key ^ (key >> 29)) * 0x9E3779B97F4A7C15u;
    size_t slot = (hash >> 32) & mask;
    while (slots_[slot].key != kEmpty && slots_[slot].key != key) slot = (slot + 1) & mask;
    return slot;
  }

  std::vector<Slot> slots_;
};

}  // namespace grpo::policy
