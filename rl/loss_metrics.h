#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace grpo::rl {

/// What the loss saw, as sums, so that micro-batches and ranks add up to the step's figures.
struct LossMetrics {
  int64_t tokens = 0;        ///< trained ones
  double pg_loss = 0;        ///< parts of the loss, divided by the step's denominators
  double kl_loss = 0;        ///< without its weight
  double entropy = 0;        ///< sums over trained tokens from here on
  int64_t clipped_high = 0;  ///< the upper bound holds the token (ppo: A > 0)
  int64_t clipped_low = 0;   ///< the lower bound (ppo: A < 0)
  int64_t clipped_dual = 0;
  double old_minus_new = 0;  ///< old_logprob - logprob
  double ratio = 0;          ///< before clipping
  double ratio_max = 0;
  int64_t mismatch_tokens = 0;  ///< trained tokens with a rollout_logprob
  double mismatch_abs = 0;      ///< |old_logprob - rollout_logprob|, over those
  double mismatch_abs_max = 0;
  double mismatch_exp = 0;         ///< exp of it
  int64_t correction_dropped = 0;  ///< the correction's factor is 0
  bool has_kl = false, has_entropy = false;

  void add(const LossMetrics& other);
  /// Leaves the comparison with the sampler out: where its values served as old_logprob, nothing
  /// was compared.
  void forget_mismatch();

  /// Names of docs/metrics.md with values per step; means are over trained tokens, and absent
  /// (KL, entropy, mismatch) when the loss was not given what they need.
  std::vector<std::pair<std::string, double>> named() const;
};

}  // namespace grpo::rl
