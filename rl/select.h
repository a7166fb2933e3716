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

/// Drops the groups whose rewards are all equal, keeping the order of the others (dynamic sampling,
/// DAPO, arXiv 2503.14476 section 3.2). `Groups` is a vector of structs with `rewards`, a vector of
/// double.
template <class Groups>
void drop_uniform(Groups& groups) {
  std::erase_if(groups, [](const auto& group) { return equal_rewards(group.rewards); });
}

/// Overlong filter (DAPO section 3.4; recipe key `truncated: mask`): answers that ran into the
/// length limit leave the loss and its denominators. Their rewards stay in the group's statistics.
/// Returns how many were masked.
int64_t mask_truncated(std::span<Sequence> sequences);

}  // namespace grpo::rl
