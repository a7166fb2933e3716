#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grpo::datasets {

struct SourceInfo {
  std::string name;
  int64_t size = 0;
  double weight = 1;
  std::string fingerprint;  ///< of its items (datasets/fingerprint.h); "" where nobody compares
};

/// Which items come next: every source in a fresh seeded order per epoch, sources mixed by weight.
///
/// The mixture is even, not random: after t draws each source has given its share of t to within
/// a few items, so a run's data does not depend on luck. Everything follows from the seed and the
/// number of items taken from each source, which is all that the cursor holds; so a resumed stream
/// continues exactly.
class IndexStream {
 public:
  struct Pick {
    int64_t source = 0;
    int64_t item = 0;
    bool operator==(const Pick&) const = default;
  };

  /// Throws Error (exit code 2) unless every source is non-empty and some weight is positive.
  IndexStream(std::vector<SourceInfo> sources, uint64_t seed);

  std::vector<Pick> next(int64_t count);

  /// {"seed", "sources": [{"name", "size", "fingerprint", "epoch", "position"}…]}
  nlohmann::json cursor() const;
  /// Throws Error (exit code 2) when the cursor belongs to other sources, other items of theirs or
  /// another seed, naming the source.
  void restore(const nlohmann::json& cursor);

  /// Epochs completed by the source that has completed fewest.
  int64_t epoch() const;
  const std::vector<SourceInfo>& sources() const { return sources_; }

 private:
  Pick take(size_t source);

  std::vector<SourceInfo> sources_;
  uint64_t seed_;
  double total_weight_ = 0;
  std::vector<int64_t> taken_;               // per source, since the first epoch
  std::vector<int64_t> shuffled_epoch_;      // the epoch that order_ was made for, -1 at first
  std::vector<std::vector<int64_t>> order_;  // per source: permutation of its items
};

/// The order of one epoch: 0 … size-1 shuffled by draws of (seed, source, epoch).
std::vector<int64_t> shuffled(int64_t size, uint64_t seed, int64_t source, int64_t epoch);

template <class Item>
struct Source {
  std::string name;
  std::vector<Item> items;
  double weight = 1;
  std::string fingerprint = {};
};

/// Stream of problems or demonstrations; see IndexStream.
template <class Item>
class Stream {
 public:
  Stream(std::vector<Source<Item>> sources, uint64_t seed)
      : sources_(std::move(sources)), index_(infos(sources_), seed) {}

  std::vector<Item> next(int64_t count) {
    std::vector<Item> batch;
    batch.reserve(static_cast<size_t>(count));
    for (const auto& pick : index_.next(count)) {
      batch.push_back(
          sources_[static_cast<size_t>(pick.source)].items[static_cast<size_t>(pick.item)]);
    }
    return batch;
  }

  const std::vector<Source<Item>>& sources() const { return sources_; }
  nlohmann::json cursor() const { return index_.cursor(); }
  void restore(const nlohmann::json& cursor) { index_.restore(cursor); }
  int64_t epoch() const { return index_.epoch(); }

 private:
  static std::vector<SourceInfo> infos(const std::vector<Source<Item>>& sources) {
    std::vector<SourceInfo> result;
    for (const auto& source : sources) {
      result.push_back({source.name, static_cast<int64_t>(source.items.size()), source.weight,
                        source.fingerprint});
    }
    return result;
  }

  std::vector<Source<Item>> sources_;
  IndexStream index_;
};

}  // namespace grpo::datasets
