#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grpo {

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

/// Positions in a list of strings, which the list's owner keeps: open addressing. `name_of(i)`
/// gives the string at position i, the same in every call.
class NameIndex {
 public:
  /// Makes room for so many at once.
  void reserve(size_t names) {
    size_t slots = std::max<size_t>(slots_.size(), 64);
    while (slots * 3 < names * 4) slots *= 2;
    if (slots > slots_.size()) resize(slots);
  }

  /// Adds a position; the position already there, and false, where its name is known.
  template <class NameOf>
  std::pair<size_t, bool> insert(size_t position, const NameOf& name_of) {
    reserve(size_ + 1);
    const std::string_view name = name_of(position);
    const uint32_t hash = hash_of(name);
    Slot& slot = slots_[find_slot(name, hash, name_of)];
    if (slot.position != kEmpty) return {slot.position, false};
    slot = {.hash = hash, .position = static_cast<uint32_t>(position)};
    ++size_;
    return {position, true};
  }

  template <class NameOf>
  std::optional<size_t> find(std::string_view name, const NameOf& name_of) const {
    if (slots_.empty()) return std::nullopt;
    const uint32_t position = slots_[find_slot(name, hash_of(name), name_of)].position;
    return position == kEmpty ? std::nullopt : std::optional<size_t>(position);
  }

 private:
  static constexpr uint32_t kEmpty = std::numeric_limits<uint32_t>::max();
  struct Slot {
    uint32_t hash = 0;  // kept, so that other names are passed over without a look at them
    uint32_t position = kEmpty;
  };

  static uint32_t hash_of(std::string_view key) { return static_cast<uint32_t>(hash_bytes(key)); }

  template <class NameOf>
  size_t find_slot(std::string_view name, uint32_t hash, const NameOf& name_of) const {
    const size_t mask = slots_.size() - 1;
    size_t slot = hash & mask;
    while (slots_[slot].position != kEmpty &&
           (slots_[slot].hash != hash || name_of(slots_[slot].position) != name)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  void resize(size_t slots) {
    std::vector<Slot> old(slots);
    old.swap(slots_);
    for (const Slot& filled : old) {
      if (filled.position == kEmpty) continue;
      size_t slot = filled.hash & (slots - 1);
      while (slots_[slot].position != kEmpty) slot = (slot + 1) & (slots - 1);
      slots_[slot] = filled;
    }
  }

  std::vector<Slot> slots_;  // power of two, at most three quarters full
  size_t size_ = 0;
};

/// Strings to ids; the bytes lie in one arena.
class StringTable {
 public:
  static constexpr int32_t kNone = -1;

  /// Returns false, and changes nothing, when the key is already there.
  bool insert(std::string_view key, int32_t id) {
    entries_.push_back({arena_.size(), static_cast<uint32_t>(key.size()), id});
    arena_ += key;
    const auto key_of = [this](size_t i) { return key_at(i); };
    const bool added = index_.insert(entries_.size() - 1, key_of).second;
    if (!added) {
      arena_.resize(entries_.back().offset);
      entries_.pop_back();
    }
    return added;
  }

  int32_t find(std::string_view key) const {
    const auto entry = index_.find(key, [this](size_t i) { return key_at(i); });
    return entry ? entries_[*entry].id : kNone;
  }

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    size_t offset;
    uint32_t size;
    int32_t id;
  };
  std::string_view key_at(size_t i) const {
    return std::string_view(arena_).substr(entries_[i].offset, entries_[i].size);
  }

  std::string arena_;
  std::vector<Entry> entries_;
  NameIndex index_;
};

}  // namespace grpo
