#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Choice of experts (DeepSeek-V3, arXiv 2412.19437, section 2.1.2, and the softmax routers).
///
/// scores = softmax or sigmoid of the logits; choice = scores + bias (no gradient); with groups,
/// the best `top_groups` of `groups` (by max, or by the sum of the two best) stay; the top_k of the
/// choice are taken, ties to the smaller id, largest first; weights = scores of the chosen, divided
/// by their sum when `renormalize` (for sigmoid plus 1e-20, as DeepSeek-V3's published code), times
/// `scale`. The gradient reaches the logits through the weights only.
///
/// experts % groups == 0 and top_k <= top_groups * experts / groups; the experts of the other
/// groups are never taken, however low the choice (the paper's code; others set their choice to 0).
namespace grpo::kernels {

struct RouteShape {
  int64_t experts = 0;
  int64_t top_k = 0;
  bool sigmoid = false;
  bool renormalize = true;
  float scale = 1.0f;
  int64_t groups = 1;
  int64_t top_groups = 1;
  bool group_top2 = true;  ///< group score: sum of the two best, else the best
};

namespace cpu {

/// logits, scores: [tokens, experts]; bias: [experts] or null; expert, weight: [tokens, top_k].
GRPO_CPU_KERNEL(void, route_forward,
                (const float* logits, const float* bias, const RouteShape& shape, float* scores,
                 int32_t* expert, float* weight, int64_t tokens));

/// Given expert choices (a replay): the weights of `expert` under these logits.
GRPO_CPU_KERNEL(void, route_replay,
                (const float* logits, const int32_t* expert, const RouteShape& shape, float* scores,
                 float* weight, int64_t tokens));

/// dlogits [tokens, experts] from dweight [tokens, top_k], plus dscores [tokens, experts] (gradient
/// of a balance loss on the scores) unless null.
GRPO_CPU_KERNEL(void, route_backward,
                (const float* dweight, const float* dscores, const float* scores,
                 const int32_t* expert, const RouteShape& shape, float* dlogits, int64_t tokens));

}  // namespace cpu
}  // namespace grpo::kernels
