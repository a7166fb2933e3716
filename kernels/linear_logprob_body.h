#pragma once

#include "kernels/softmax_body.h"

/// One token and one chunk of the vocabulary in kernels/linear_logprob.h, by a team.
namespace grpo::kernels::cuda {

/// Joins the chunk [begin, begin + width) to the sums of the token; keeps its target's logit.
GRPO_DEVICE void logprob_chunk(const float* logits, int64_t begin, int64_t width, int64_t target,
                               float scale, SoftmaxSums* sums, float* target_logit) {
  SoftmaxSums all = begin == 0 ? SoftmaxSums{} : *sums;
  join(all, chunk_sums(logits, width, scale));
  team_sync();  // every thread has read *sums
  if (!team_leader()) return;
  *sums = all;
  if (target >= begin && target < begin + width) *target_logit = logits[target - begin] * scale;
}

/// Turns the logits of the chunk into the gradient of them; [width, stride) becomes zero.
///   dz_j = g_lp (1[j = t] - p_j) - g_H p_j (log p_j + H); the logit itself is z / scale.
GRPO_DEVICE void logits_to_gradient(float* logits, int64_t begin, int64_t width, int64_t stride,
                                    int64_t target, float scale, float log_z, float entropy,
                                    float d_logprob, float d_entropy) {
  for (int64_t j = 0; j < stride; j += kLanes) {
    const v16 log_p = load_lanes(logits + j, kLanes) * broadcast(scale) - broadcast(log_z);
    const v16 slope = fma(broadcast(d_entropy), log_p + broadcast(entropy), broadcast(d_logprob));
    const v16 gradient = broadcast(-scale) * (exp(log_p) * slope);
    store_lanes(logits + j, gradient, lanes_left(width, j));
    if (j + kLanes > width) {
      const int64_t behind = j < width ? width - j : 0;
      store_lanes(logits + j + behind, broadcast(0.0f), kLanes - behind);
    }
  }
  team_sync();  // the target's gradient is stored
  if (team_leader() && target >= begin && target < begin + width) {
    logits[target - begin] += scale * d_logprob;
  }
}

}  // namespace grpo::kernels::cuda
