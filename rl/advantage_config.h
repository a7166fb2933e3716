#pragma once

#include <array>
#include <utility>

#include "base/config.h"

namespace grpo::rl {

enum class Baseline { kGroupMean, kLeaveOneOut, kBatchMean, kNone };
constexpr std::array<std::pair<Baseline, const char*>, 4> enum_names(Baseline) {
  return {{{Baseline::kGroupMean, "group_mean"},
           {Baseline::kLeaveOneOut, "leave_one_out"},
           {Baseline::kBatchMean, "batch_mean"},
           {Baseline::kNone, "none"}}};
}

enum class AdvantageScale { kGroupStd, kBatchStd, kCentredBatchStd, kNone };
constexpr std::array<std::pair<AdvantageScale, const char*>, 4> enum_names(AdvantageScale) {
  return {{{AdvantageScale::kGroupStd, "group_std"},
           {AdvantageScale::kBatchStd, "batch_std"},
           {AdvantageScale::kCentredBatchStd, "centred_batch_std"},
           {AdvantageScale::kNone, "none"}}};
}

/// From rewards to advantages; the formulas stand in rl/advantage.h.
struct AdvantageConfig {
  Baseline baseline = Baseline::kGroupMean;
  AdvantageScale scale = AdvantageScale::kGroupStd;
  double eps = 1e-6;
};

template <class Visitor>
void fields(Visitor& v, AdvantageConfig& c) {
  v("baseline", c.baseline,
    "subtracted from the reward: mean of the question's answers (GRPO), of the other answers "
    "(RLOO), of all answers of the step (REINFORCE++), nothing");
  v("scale", c.scale,
    "divides: sample deviation of the group's rewards (GRPO), of all raw rewards, of all centred "
    "rewards (REINFORCE++-baseline), nothing (Dr. GRPO)");
  v("eps", c.eps, "added to the deviation", at_least(0));
}

}  // namespace grpo::rl
