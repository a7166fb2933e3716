#include "rl/advantage.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "rl/select.h"

namespace grpo::rl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Sum over dim 1 ([questions, 1]) or over everything ([1, 1]).
Tensor sum_over(const Tensor& x, bool whole_batch) {
  return whole_batch ? x.sum().reshape({1, 1}) : x.sum(/*dim=*/1, /*keepdim=*/true);
}

/// Rewards of a question, or of the batch, and which of them count.
struct Scored {
  Tensor rewards;  // [questions, group], 0 where unscorable
  Tensor mask;     // [questions, group] bool

  Tensor count(bool whole_batch) const { return sum_over(mask.to(at::kDouble), whole_batch); }
  Tensor mean(const Tensor& x, bool whole_batch) const {
    return sum_over(x * mask, whole_batch) / count(whole_batch);
  }
  Tensor deviation(const Tensor& x, bool whole_batch) const {
    const auto centred = (x - mean(x, whole_batch)) * mask;  // [questions, group]
    return (sum_over(centred.square(), whole_batch) / (count(whole_batch) - 1)).sqrt();
  }
  /// [questions, 1] or [1, 1]: fewer than two distinct rewards.
  Tensor equal(bool whole_batch) const {
    const auto highest = rewards.masked_fill(mask.logical_not(), -kInfinity).amax(1, true);
    const auto lowest = rewards.masked_fill(mask.logical_not(), kInfinity).amin(1, true);
    if (!whole_batch) return highest - lowest <= kEqualRewards;
    return (highest.amax() - lowest.amin() <= kEqualRewards).reshape({1, 1});
  }
};

bool needs_group(const AdvantageConfig& config) {
  return config.baseline == Baseline::kGroupMean || config.baseline == Baseline::kLeaveOneOut ||
         config.scale == AdvantageScale::kGroupStd;
}

void check_group_size(int64_t group, const AdvantageConfig& config) {
  check(group >= 2 || !needs_group(config),
        "advantage: a group of {} answer has no group statistics; sample at least 2 answers per "
        "question, or set advantage.baseline and advantage.scale to none",
        group);
}

}  // namespace

Tensor group_advantages(const Tensor& rewards, const AdvantageConfig& config) {
  check(rewards.dim() == 2, "advantage: rewards: expected [questions, group], got {} dimensions",
        rewards.dim());
  const auto r = rewards.detach().to(at::kCPU, at::kDouble);  // [questions, group]
  if (r.numel() == 0) return at::zeros_like(r);
  check_group_size(r.size(1), config);
  check(!r.isinf().any().item<bool>(), "advantage: a reward is infinite");
  const auto known = r.isnan().logical_not();  // [questions, group]
  const Scored scored{r.masked_fill(known.logical_not(), 0.0), known};

  const bool batch_baseline = config.baseline == Baseline::kBatchMean;
  auto advantage = scored.rewards;  // [questions, group]
  auto silent = known.logical_not();
  if (config.baseline != Baseline::kNone) {
    advantage = advantage - scored.mean(scored.rewards, batch_baseline);
    silent = silent.logical_or(scored.equal(batch_baseline));
  }
  if (config.baseline == Baseline::kLeaveOneOut) {
    // r_i - (sum r - r_i) / (n - 1) = n / (n - 1) (r_i - mean r)
    const auto count = scored.count(false);  // [questions, 1]
    advantage = advantage * (count / (count - 1));
  }
  if (config.scale != AdvantageScale::kNone) {
    const bool batch_scale = config.scale != AdvantageScale::kGroupStd;
    const auto& spread_of =
        config.scale == AdvantageScale::kCentredBatchStd ? advantage : scored.rewards;
    advantage = advantage / (scored.deviation(spread_of, batch_scale) + config.eps);
    silent = silent.logical_or(scored.equal(batch_scale));  // no spread to divide by
  }
  advantage = advantage.masked_fill(silent, 0.0);
  check(advantage.isfinite().all().item<bool>(),
        "advantage.eps: {} does not keep equal rewards from being divided by 0", config.eps);
  return advantage;
}

std::vector<std::vector<double>> group_advantages(std::span<const std::vector<double>> rewards,
                                                  const AdvantageConfig& config) {
  std::size_t widest = 0;
  for (const auto& group : rewards) {
    check_group_size(static_cast<int64_t>(group.size()), config);
    widest = std::max(widest, group.size());
  }
  // A place beyond a group's end is an unscorable answer: it touches no statistic.
  const auto padded = at::full({static_cast<int64_t>(rewards.size()), static_cast<int64_t>(widest)},
                               std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  auto* out = padded.data_ptr<double>();
  for (std::size_t q = 0; q < rewards.size(); ++q) {
    std::copy(rewards[q].begin(), rewards[q].end(), out + q * widest);
  }
  const auto advantages = group_advantages(padded, config).contiguous();
  const auto* in = advantages.data_ptr<double>();
  std::vector<std::vector<double>> result(rewards.size());
  for (std::size_t q = 0; q < rewards.size(); ++q) {
    result[q].assign(in + q * widest, in + q * widest + rewards[q].size());
  }
  return result;
}

}  // namespace grpo::rl
