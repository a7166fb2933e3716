#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grpo::monitor {

/// What one training step reports: metrics by name (docs/metrics.md), in the order they were set.
struct Record {
  int64_t step = 0;
  std::vector<std::pair<std::string, double>> metrics;

  /// Sets a metric; a name already there keeps its place and takes the new value.
  void set(std::string_view name, double value) {
    for (auto& [known, old] : metrics) {
      if (known == name) {
        old = value;
        return;
      }
    }
    metrics.emplace_back(name, value);
  }

  /// The metric's value, nullptr when it was not set.
  const double* find(std::string_view name) const {
    for (const auto& [known, value] : metrics) {
      if (known == name) return &value;
    }
    return nullptr;
  }
};

}  // namespace grpo::monitor
