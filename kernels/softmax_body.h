#pragma once

#include "kernels/lanes.h"
#include "kernels/linear_logprob.h"

/// The running softmax of kernels/softmax_state.h, which `sample` and `linear_logprob` share: the
/// same chunks, order and bits.
namespace grpo::kernels::cuda {

/// exp1 is zero below; distances are cut here, so that 0 · distance is zero also for -infinity.
inline constexpr float kFarBelow = -88.0f;

struct SoftmaxSums {
  float max = -INFINITY;
  float sum = 0;       ///< of exp(z - max)
  float weighted = 0;  ///< of exp(z - max) · (z - max)
};

/// One chunk, by a team.
GRPO_DEVICE SoftmaxSums chunk_sums(const float* logits, int64_t count, float scale) {
  const v16 factor = broadcast(scale);
  v16 top = broadcast(-INFINITY);
  for (int64_t j = 0; j < count; j += kLanes) {
    top = larger(load_lanes(logits + j, lanes_left(count, j), -INFINITY) * factor, top);
  }
  SoftmaxSums sums;
  sums.max = reduce_max(top);
  const v16 base = broadcast(sums.max == -INFINITY ? 0.0f : sums.max);
  v16 sum = broadcast(0.0f), weighted = broadcast(0.0f);
  for (int64_t j = 0; j < count; j += kLanes) {
    const v16 z = load_lanes(logits + j, lanes_left(count, j), -INFINITY) * factor;
    const v16 distance = z - base;
    const v16 e = exp(distance);
    sum = sum + e;
    weighted = fma(e, larger(broadcast(kFarBelow), distance), weighted);
  }
  sums.sum = reduce_add(sum);
  sums.weighted = reduce_add(weighted);
  return sums;
}

/// Joins the sums of the next chunk to those of all before.
GRPO_DEVICE void join(SoftmaxSums& all, const SoftmaxSums& next) {
  if (next.max == -INFINITY) {
    all.sum += next.sum;  // zero, or NaN
    return;
  }
  SoftmaxSums low = next;
  if (next.max > all.max) {
    low = all;
    all = next;
  }
  const float distance = low.max - all.max;
  const float factor = exp1(distance);
  const float cut = distance < kFarBelow ? kFarBelow : distance;
  all.sum = all.sum + factor * low.sum;
  all.weighted = all.weighted + factor * (low.weighted + cut * low.sum);
}

// The logarithms are taken in double and rounded once.
GRPO_DEVICE float log_normaliser(const SoftmaxSums& s) {
  return static_cast<float>(double{s.max} + log(double{s.sum}));
}
GRPO_DEVICE float log_probability(const SoftmaxSums& s, float scaled_logit) {
  return static_cast<float>((double{scaled_logit} - double{s.max}) - log(double{s.sum}));
}
GRPO_DEVICE float entropy_of(const SoftmaxSums& s) {
  return static_cast<float>(log(double{s.sum}) - double{s.weighted} / double{s.sum});
}

}  // namespace grpo::kernels::cuda
