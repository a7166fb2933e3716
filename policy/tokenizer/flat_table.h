#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy {

/// Multiply-mix hash of a few bytes: pieces are short, so the loop rarely turns twice.
inline uint64_t hash_bytes(std::string_view bytes) {
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15u;
  const auto mix = [](uint64_t h) { return (h ^ (h >> 32)) * kPrime; };
  const char* p = bytes.data();
  size_t left = bytes.size();
  uint64_t hash = left * kPrime, word = 0;
  for (; left >= 8; p += 8, left -= 8) {
    std::memcpy(&word, p, 8);
    hash = mix(hash ^ word);
  }
  word = 0;
  std::memcpy(&word, p, left);
  hash = mix(hash ^ word);
  return hash ^ (hash >> 29);
}

/// Strings to ids: open addressing over entries whose bytes lie in one arena.
class StringTable {
 public:
  static constexpr int32_t kNone = -1;

  /// Returns false, and changes nothing, when the key is already there.
  bool insert(std::string_view key, int32_t id) {
    if ((entries_.size() + 1) * 2 > slots_.size()) grow();
    const size_t slot = find_slot(key);
    if (slots_[slot] != kEmpty) return false;
    slots_[slot] = static_cast<uint32_t>(entries_.size());
    entries_.push_back({arena_.size(), static_cast<uint32_t>(key.size()), id});
    arena_ += key;
    return true;
  }

  int32_t find(std::string_view key) const {
    if (slots_.empty()) return kNone;
    const uint32_t entry = slots_[find_slot(key)];
    return entry == kEmpty ? kNone : entries_[entry].id;
  }

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    size_t offset;
    uint32_t size;
    int32_t id;
  };
  static constexpr uint32_t kEmpty = std::numeric_limits<uint32_t>::max();

  std::string_view key_of(const Entry& entry) const {
    return std::string_view(arena_).substr(entry.offset, entry.size);
  }

  size_t find_slot(std::string_view key) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = hash_bytes(key) & mask;
    while (slots_[slot] != kEmpty && key_of(entries_[slots_[slot]]) != key) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  void grow() {
    slots_.assign(slots_.empty() ? 64 : slots_.size() * 2, kEmpty);
    for (size_t i = 0; i < entries_.size(); ++i) {
      slots_[find_slot(key_of(entries_[i]))] = static_cast<uint32_t>(i);
    }
  }

  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> slots_;  // power of two
};

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
