#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "rl/pack.h"

namespace grpo::rl {

/// Rewards this near count as equal: far above float64 rounding, far below a real difference.
inline constexpr double kEqualRewards = 1e-12;

/// True when max - min <= kEqualRewards over the scorable rewards (NaN = unscorable), so also for
/// fewer than two of them: such a group does not say which answer is better.
/// Decided by max - min because a range of the mean or a deviation misjudges continuous rewards.
bool equal_rewards(std::span<const double> rewards);

/// How many groups went, and why.
struct UniformCounts {
  int64_t groups = 0;      ///< looked at
  int64_t uniform = 0;     ///< dropped: equal rewards
  int64_t unscorable = 0;  ///< of these, groups with no scorable answer at all
};

bool no_scorable_reward(std::span<const double> rewards);

/// Drops the groups whose rewards are all equal, keeping the order of the others (dynamic sampling,
/// DAPO, arXiv 2503.14476 section 3.2). `Groups` is a vector of structs with `rewards`, a vector of
/// double. The caller refills and agrees the count over ranks.
template <class Groups>
UniformCounts drop_uniform(Groups& groups) {
  UniformCounts counts{.groups = static_cast<int64_t>(groups.size())};
  Groups kept;
  for (auto& group : groups) {
    if (equal_rewards(group.rewards)) {
      ++counts.uniform;
      counts.unscorable += no_scorable_reward(group.rewards);
    } else {
      kept.push_back(std::move(group));
    }
  }
  groups = std::move(kept);
  return counts;
}

/// Overlong filter (DAPO section 3.4; recipe key `truncated: mask`): answers that ran into the
/// length limit leave the loss and its denominators. Their rewards stay in the group's statistics.
/// Returns how many were masked.
int64_t mask_truncated(std::span<Sequence> sequences);

}  // namespace grpo::rl
