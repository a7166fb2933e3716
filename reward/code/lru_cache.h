#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace grpo::reward::code {

/// The values of the keys used last, at most `capacity` of them. Any thread may call.
template <class Value>
class LruCache {
 public:
  explicit LruCache(size_t capacity) : capacity_(capacity) {}

  std::optional<Value> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto entry = places_.find(key);
    if (entry == places_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, entry->second);
    return entry->second->second;
  }

  void insert(const std::string& key, Value value) {
    const std::lock_guard lock(mutex_);
    if (capacity_ == 0 || places_.contains(key)) return;
    entries_.emplace_front(key, std::move(value));
    places_[key] = entries_.begin();
    if (entries_.size() <= capacity_) return;
    places_.erase(entries_.back().first);
    entries_.pop_back();
  }

 private:
  using Entries = std::list<std::pair<std::string, Value>>;
  size_t capacity_;
  std::mutex mutex_;  // guards what follows
  Entries entries_;   // the last used first
  std::unordered_map<std::string, typename Entries::iterator> places_;
};

}  // namespace grpo::reward::code
