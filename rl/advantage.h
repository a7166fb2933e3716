#pragma once

#include <span>
#include <vector>

#include "base/tensor.h"
#include "rl/advantage_config.h"

namespace grpo::rl {

/// Group-relative advantages, A_i = (r_i - baseline) / (deviation + eps), per question.
///
/// rewards: [questions, group], NaN = unscorable answer: it stays out of every mean and deviation
/// and gets 0, since a verifier's failure says nothing about the answer. Returns float64 of the
/// same shape, on the CPU, detached. Deviations are sample ones (n - 1).
///   baseline  group_mean     mean r                          GRPO, arXiv 2402.03300 section 4.1
///             leave_one_out  mean of the other answers       RLOO, arXiv 2402.14740
///             batch_mean     mean over all questions         REINFORCE++, arXiv 2501.03262
///             none           0
///   scale     group_std, batch_std (raw rewards of all questions), centred_batch_std (after the
///             baseline), none (Dr. GRPO, arXiv 2503.20783)
/// Equal rewards (`equal_rewards` of rl/select.h) get zeros wherever there is a baseline: decided
/// by max - min, as the deviation of equal float rewards is a residue that eps does not always
/// hide. Throws Error unless rewards is 2-D and finite or NaN, for a group of one where baseline or
/// scale is the group's, and where eps = 0 makes an advantage infinite.
Tensor group_advantages(const Tensor& rewards, const AdvantageConfig& config);

/// The same for groups of unequal size: result[q][i] belongs to rewards[q][i].
std::vector<std::vector<double>> group_advantages(std::span<const std::vector<double>> rewards,
                                                  const AdvantageConfig& config);

}  // namespace grpo::rl
