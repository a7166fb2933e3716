#include "rl/select.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace grpo::rl {

bool equal_rewards(std::span<const double> rewards) {
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -lowest;
  for (const double r : rewards) {
    if (std::isnan(r)) continue;
    lowest = std::min(lowest, r);
    highest = std::max(highest, r);
  }
  return highest - lowest <= kEqualRewards;
}

int64_t mask_truncated(std::span<Sequence> sequences) {
  int64_t masked = 0;
  for (Sequence& s : sequences) {
    if (!s.truncated || s.filtered) continue;
    s.filtered = true;
    ++masked;
  }
  return masked;
}

}  // namespace grpo::rl
