#include "datasets/dataset.h"

#include <algorithm>

#include "base/error.h"

namespace grpo::datasets {
namespace {

int64_t count_of(const DatasetConfig& config) {
  check_input(config.count > 0, "dataset {}: count: expected above 0, got {}", config.name,
              config.count);
  return config.count;
}

template <class Item>
std::vector<Item> limited(std::vector<Item> items, const DatasetConfig& config) {
  check_input(config.limit >= 0, "dataset {}: limit: expected 0 or more, got {}", config.name,
              config.limit);
  const auto limit = static_cast<size_t>(config.limit);
  if (limit > 0 && items.size() > limit) items.resize(limit);
  return items;
}

template <class Item, class Load>
Stream<Item> stream_of(const std::vector<DatasetConfig>& configs, uint64_t seed, Load load) {
  std::vector<Source<Item>> sources;
  for (const auto& config : configs) {
    sources.push_back({config.name, load(config), config.weight});
  }
  return Stream<Item>(std::move(sources), seed);
}

}  // namespace

std::vector<Problem> load_problems(const DatasetConfig& config) {
  if (!config.path.empty()) {
    return limited(read_problems(config.path, config.format), config);
  }
  return Generator(config.generator).problems(config.split, count_of(config));
}

std::vector<Demonstration> load_demonstrations(const DatasetConfig& config) {
  if (!config.path.empty()) return limited(read_demonstrations(config.path), config);
  return Generator(config.generator).demonstrations(config.split, count_of(config));
}

Stream<Problem> problem_stream(const std::vector<DatasetConfig>& configs, uint64_t seed) {
  return stream_of<Problem>(configs, seed, load_problems);
}

Stream<Demonstration> demonstration_stream(const std::vector<DatasetConfig>& configs,
                                           uint64_t seed) {
  return stream_of<Demonstration>(configs, seed, load_demonstrations);
}

}  // namespace grpo::datasets
