#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/route.h"
#include "kernels/thread_scratch.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

constexpr int64_t kGrain = 64;  // tokens per task
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void softmax(const float* logits, int64_t n, float* scores) {
  v16 max_lanes = broadcast(-kInfinity);
  for (int64_t i = 0; i < n; i += kLanes) {
    max_lanes = max(max_lanes, load_lanes(logits + i, std::min(kLanes, n - i), -kInfinity));
  }
  const v16 row_max = broadcast(reduce_max(max_lanes));
  v16 sum = broadcast(0.0f);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t count = std::min(kLanes, n - i);
    const v16 e = exp(load_lanes(logits + i, count, -kInfinity) - row_max);
    store_lanes(scores + i, e, count);
    sum = sum + e;
  }
  const float total = reduce_add(sum);
  for (int64_t i = 0; i < n; ++i) scores[i] = scores[i] / total;
}

void sigmoid(const float* logits, int64_t n, float* scores) {
  const v16 one = broadcast(1.0f);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t count = std::min(kLanes, n - i);
    const v16 x = load_lanes(logits + i, count);
    store_lanes(scores + i, one / (one + exp(broadcast(0.0f) - x)), count);
  }
}

void score(const float* logits, const RouteShape& shape, float* scores) {
  if (shape.sigmoid) {
    sigmoid(logits, shape.experts, scores);
  } else {
    softmax(logits, shape.experts, scores);
  }
}

/// The index of the largest value that is not yet taken, the smallest such index; takes it.
/// One must be left.
int64_t take_best(const float* values, float* taken, int64_t n) {
  int64_t best = -1;
  for (int64_t i = 0; i < n; ++i) {
    if (taken[i] == 0.0f && (best < 0 || values[i] > values[best])) best = i;
  }
  taken[best] = 1.0f;
  return best;
}

/// By its best choice, or the sum of its two best.
float group_score(const float* choice, int64_t size, bool top2) {
  float first = choice[0];
  float second = -kInfinity;
  for (int64_t i = 1; i < size; ++i) {
    second = std::max(second, std::min(first, choice[i]));
    first = std::max(first, choice[i]);
  }
  return top2 && size > 1 ? first + second : first;
}

/// Marks the experts of all but the best groups as taken.
void limit_groups(const float* choice, const RouteShape& shape, float* taken, float* scratch) {
  const int64_t size = shape.experts / shape.groups;
  float* group_scores = scratch;
  float* kept = scratch + shape.groups;
  for (int64_t g = 0; g < shape.groups; ++g) {
    group_scores[g] = group_score(choice + g * size, size, shape.group_top2);
    kept[g] = 0.0f;
  }
  for (int64_t i = 0; i < shape.top_groups; ++i) take_best(group_scores, kept, shape.groups);
  for (int64_t e = 0; e < shape.experts; ++e) taken[e] = kept[e / size] == 0.0f ? 1.0f : 0.0f;
}

/// What the scores of the chosen are divided by: their sum in order of choice. Sigmoids can all
/// underflow; 1e-20 is what DeepSeek-V3's published code adds.
float divisor(const float* scores, const int32_t* expert, const RouteShape& shape) {
  if (!shape.renormalize) return 1.0f;
  float sum = 0.0f;
  for (int64_t i = 0; i < shape.top_k; ++i) sum += scores[expert[i]];
  return shape.sigmoid ? sum + 1e-20f : sum;
}

void weigh(const float* scores, const int32_t* expert, const RouteShape& shape, float* weight) {
  const float sum = divisor(scores, expert, shape);
  for (int64_t i = 0; i < shape.top_k; ++i) weight[i] = scores[expert[i]] / sum * shape.scale;
}

}  // namespace

void route_forward(const float* logits, const float* bias, const RouteShape& shape, float* scores,
                   int32_t* expert, float* weight, int64_t tokens) {
  const int64_t n = shape.experts;
  parallel_for(tokens, kGrain, [&](int64_t begin, int64_t end) {
    float* choice = thread_scratch(2 * n + 2 * shape.groups);
    float* taken = choice + n;
    for (int64_t t = begin; t < end; ++t) {
      float* row = scores + t * n;
      score(logits + t * n, shape, row);
      for (int64_t e = 0; e < n; ++e) choice[e] = bias != nullptr ? row[e] + bias[e] : row[e];
      std::memset(taken, 0, static_cast<size_t>(n) * sizeof(float));
      if (shape.top_groups < shape.groups) limit_groups(choice, shape, taken, taken + n);
      int32_t* chosen = expert + t * shape.top_k;
      for (int64_t i = 0; i < shape.top_k; ++i) {
        chosen[i] = static_cast<int32_t>(take_best(choice, taken, n));
      }
      weigh(row, chosen, shape, weight + t * shape.top_k);
    }
  });
}

void route_replay(const float* logits, const int32_t* expert, const RouteShape& shape,
                  float* scores, float* weight, int64_t tokens) {
  parallel_for(tokens, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* row = scores + t * shape.experts;
      score(logits + t * shape.experts, shape, row);
      weigh(row, expert + t * shape.top_k, shape, weight + t * shape.top_k);
    }
  });
}

// With D the divisor and w_i = scale s_i / D: ds_i = scale (dw_i - sum_j dw_j s_j / D) / D, the
// inner sum only when D depends on s. Then softmax: dx = s (ds - sum s ds), or sigmoid:
// dx = ds s (1 - s).
void route_backward(const float* dweight, const float* dscores, const float* scores,
                    const int32_t* expert, const RouteShape& shape, float* dlogits,
                    int64_t tokens) {
  const int64_t n = shape.experts;
  parallel_for(tokens, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* s = scores + t * n;
      const float* dw = dweight + t * shape.top_k;
      const int32_t* chosen = expert + t * shape.top_k;
      float* d = dlogits + t * n;
      if (dscores != nullptr) {
        std::memcpy(d, dscores + t * n, static_cast<size_t>(n) * sizeof(float));
      } else {
        std::memset(d, 0, static_cast<size_t>(n) * sizeof(float));
      }
      const float sum = divisor(s, chosen, shape);
      float mean = 0.0f;
      if (shape.renormalize) {
        for (int64_t i = 0; i < shape.top_k; ++i) mean += dw[i] * (s[chosen[i]] / sum);
      }
      for (int64_t i = 0; i < shape.top_k; ++i) {
        d[chosen[i]] += shape.scale * (dw[i] - mean) / sum;
      }
      if (shape.sigmoid) {
        for (int64_t e = 0; e < n; ++e) d[e] = d[e] * (s[e] * (1.0f - s[e]));
        continue;
      }
      v16 dot_lanes = broadcast(0.0f);
      for (int64_t e = 0; e < n; e += kLanes) {
        const int64_t count = std::min(kLanes, n - e);
        dot_lanes = fma(load_lanes(s + e, count), load_lanes(d + e, count), dot_lanes);
      }
      const float dot = reduce_add(dot_lanes);
      for (int64_t e = 0; e < n; ++e) d[e] = s[e] * (d[e] - dot);
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
