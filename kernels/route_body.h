#pragma once

#include "kernels/lanes.h"
#include "kernels/route.h"

/// One token of kernels/route.h, by a team. Where threads read what others of the team wrote,
/// team_sync stands between; loops without lanes run in all threads alike.
namespace grpo::kernels::cuda {

/// Softmax or sigmoid of the logits.
GRPO_DEVICE void route_scores(const float* logits, const RouteShape& shape, float* scores) {
  const int64_t n = shape.experts;
  const v16 one = broadcast(1.0f);
  v16 top = broadcast(-INFINITY), sum = broadcast(0.0f);
  if (!shape.sigmoid) {
    for (int64_t i = 0; i < n; i += kLanes) {
      top = larger(top, load_lanes(logits + i, lanes_left(n, i), -INFINITY));
    }
    top = broadcast(reduce_max(top));
  }
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t count = lanes_left(n, i);
    const v16 x = load_lanes(logits + i, count, shape.sigmoid ? 0.0f : -INFINITY);
    const v16 score = shape.sigmoid ? one / (one + exp(broadcast(0.0f) - x)) : exp(x - top);
    store_lanes(scores + i, score, count);
    sum = sum + score;
  }
  if (!shape.sigmoid) {
    const v16 total = broadcast(reduce_add(sum));
    for (int64_t i = 0; i < n; i += kLanes) {
      const int64_t count = lanes_left(n, i);
      store_lanes(scores + i, load_lanes(scores + i, count) / total, count);
    }
  }
  team_sync();
}

/// The index of the largest value that is not yet taken, the smallest such index; takes it.
/// One must be left.
GRPO_DEVICE int64_t take_best(const float* values, float* taken, int64_t n) {
  int64_t best = -1;
  for (int64_t i = 0; i < n; ++i) {
    if (taken[i] == 0.0f && (best < 0 || values[i] > values[best])) best = i;
  }
  team_sync();
  if (team_leader()) taken[best] = 1.0f;
  team_sync();
  return best;
}

/// By its best choice, or the sum of its two best.
GRPO_DEVICE float group_score(const float* choice, int64_t size, bool top2) {
  float first = choice[0];
  float second = -INFINITY;
  for (int64_t i = 1; i < size; ++i) {
    second = larger(second, smaller(first, choice[i]));
    first = larger(first, choice[i]);
  }
  return top2 && size > 1 ? first + second : first;
}

/// What the scores of the chosen are divided by: their sum in order of choice.
GRPO_DEVICE float route_divisor(const float* scores, const int32_t* expert,
                                const RouteShape& shape) {
  if (!shape.renormalize) return 1.0f;
  float sum = 0.0f;
  for (int64_t i = 0; i < shape.top_k; ++i) sum += scores[expert[i]];
  return shape.sigmoid ? sum + 1e-20f : sum;
}

GRPO_DEVICE void route_weights(const float* scores, const int32_t* expert, const RouteShape& shape,
                               float* weight) {
  const float sum = route_divisor(scores, expert, shape);
  for (int64_t i = 0; i < shape.top_k && team_leader(); ++i) {
    weight[i] = scores[expert[i]] / sum * shape.scale;
  }
}

/// Floats of working memory that route_token needs.
constexpr int64_t route_scratch(const RouteShape& shape) {
  return 2 * shape.experts + 2 * shape.groups;
}

GRPO_DEVICE void route_token(const float* logits, const float* bias, const RouteShape& shape,
                             float* scores, int32_t* expert, float* weight, float* scratch) {
  const int64_t n = shape.experts, size = n / shape.groups;
  float* const choice = scratch;
  float* const taken = choice + n;
  float* const group_scores = taken + n;
  float* const kept = group_scores + shape.groups;
  route_scores(logits, shape, scores);
  const bool all_groups = shape.top_groups >= shape.groups;
  for (int64_t e = 0; e < n; e += kLanes) {
    const int64_t count = lanes_left(n, e);
    const v16 score = load_lanes(scores + e, count);
    store_lanes(choice + e, bias != nullptr ? score + load_lanes(bias + e, count) : score, count);
    store_lanes(taken + e, broadcast(all_groups ? 0.0f : 1.0f), count);
  }
  team_sync();
  if (!all_groups) {
    for (int64_t g = 0; g < shape.groups && team_leader(); ++g) {
      group_scores[g] = group_score(choice + g * size, size, shape.group_top2);
      kept[g] = 0.0f;
    }
    team_sync();
    for (int64_t i = 0; i < shape.top_groups; ++i) {
      const int64_t group = take_best(group_scores, kept, shape.groups);
      for (int64_t e = 0; e < size && team_leader(); ++e) taken[group * size + e] = 0.0f;
    }
    team_sync();
  }
  for (int64_t i = 0; i < shape.top_k; ++i) {
    const int64_t best = take_best(choice, taken, n);
    if (team_leader()) expert[i] = static_cast<int32_t>(best);
  }
  team_sync();
  route_weights(scores, expert, shape, weight);
}

/// With D the divisor and w_i = scale s_i / D: ds_i = scale (dw_i - sum_j dw_j s_j / D) / D, the
/// inner sum only when D depends on s. Then softmax: dx = s (ds - sum s ds), or sigmoid:
/// dx = ds s (1 - s). dscores may be null.
GRPO_DEVICE void route_grad_token(const float* dweight, const float* dscores, const float* scores,
                                  const int32_t* expert, const RouteShape& shape, float* dlogits) {
  const int64_t n = shape.experts;
  for (int64_t e = 0; e < n; e += kLanes) {
    const int64_t count = lanes_left(n, e);
    store_lanes(dlogits + e, dscores != nullptr ? load_lanes(dscores + e, count) : broadcast(0.0f),
                count);
  }
  const float sum = route_divisor(scores, expert, shape);
  float mean = 0.0f;
  if (shape.renormalize) {
    for (int64_t i = 0; i < shape.top_k; ++i) mean += dweight[i] * (scores[expert[i]] / sum);
  }
  team_sync();
  for (int64_t i = 0; i < shape.top_k && team_leader(); ++i) {
    dlogits[expert[i]] += shape.scale * (dweight[i] - mean) / sum;
  }
  team_sync();
  v16 dots = broadcast(0.0f);
  for (int64_t e = 0; e < n && !shape.sigmoid; e += kLanes) {
    const int64_t count = lanes_left(n, e);
    dots = fma(load_lanes(scores + e, count), load_lanes(dlogits + e, count), dots);
  }
  const v16 dot = broadcast(reduce_add(dots));
  for (int64_t e = 0; e < n; e += kLanes) {
    const int64_t count = lanes_left(n, e);
    const v16 s = load_lanes(scores + e, count), d = load_lanes(dlogits + e, count);
    store_lanes(dlogits + e, shape.sigmoid ? d * (s * (broadcast(1.0f) - s)) : s * (d - dot),
                count);
  }
}

}  // namespace grpo::kernels::cuda
