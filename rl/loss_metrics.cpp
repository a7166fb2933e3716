#include "rl/loss_metrics.h"

#include <algorithm>

namespace grpo::rl {

void LossMetrics::add(const LossMetrics& other) {
  tokens += other.tokens;
  pg_loss += other.pg_loss;
  kl_loss += other.kl_loss;
  entropy += other.entropy;
  clipped_high += other.clipped_high;
  clipped_low += other.clipped_low;
  clipped_dual += other.clipped_dual;
  old_minus_new += other.old_minus_new;
  ratio += other.ratio;
  ratio_max = std::max(ratio_max, other.ratio_max);
  mismatch_tokens += other.mismatch_tokens;
  mismatch_abs += other.mismatch_abs;
  mismatch_abs_max = std::max(mismatch_abs_max, other.mismatch_abs_max);
  mismatch_exp += other.mismatch_exp;
  correction_dropped += other.correction_dropped;
  has_kl |= other.has_kl;
  has_entropy |= other.has_entropy;
}

void LossMetrics::forget_mismatch() {
  mismatch_tokens = correction_dropped = 0;
  mismatch_abs = mismatch_abs_max = mismatch_exp = 0;
}

std::vector<std::pair<std::string, double>> LossMetrics::named() const {
  const double n = static_cast<double>(std::max<int64_t>(tokens, 1));
  std::vector<std::pair<std::string, double>> out = {
      {"actor/pg_loss", pg_loss},
      {"actor/pg_clipfrac", static_cast<double>(clipped_high + clipped_low) / n},
      {"actor/pg_clipfrac_high", static_cast<double>(clipped_high) / n},
      {"actor/pg_clipfrac_low", static_cast<double>(clipped_low) / n},
      {"actor/pg_clipfrac_lower", static_cast<double>(clipped_dual) / n},
      {"actor/ppo_kl", old_minus_new / n},
      {"actor/ratio_mean", ratio / n},
      {"actor/ratio_max", ratio_max},
  };
  if (has_kl) out.emplace_back("actor/kl_loss", kl_loss);
  if (has_entropy) out.emplace_back("actor/entropy", entropy / n);
  if (mismatch_tokens > 0) {
    const auto compared = static_cast<double>(mismatch_tokens);
    out.emplace_back("train_rollout_logprob_abs_diff", mismatch_abs / compared);
    out.emplace_back("train_rollout_logprob_abs_diff_max", mismatch_abs_max);
    out.emplace_back("token_mult_prob_error", mismatch_exp / compared);
    out.emplace_back("rollout_correction/dropped",
                     static_cast<double>(correction_dropped) / compared);
  }
  return out;
}

}  // namespace grpo::rl
