#pragma once

#include "kernels/attention.h"
#include "kernels/lanes.h"

/// One query head of kernels/attention.h, by kParts teams that share its keys.
///
/// Part p takes the blocks p, p + kParts, ... of kBlockPages pages with an online softmax (Milakov
/// & Gimelshein, arXiv 1805.02867), then the parts are joined in order. Which keys a part has
/// depends on their positions alone, so a query's bits depend on nothing else in the batch.
namespace grpo::kernels::cuda {

inline constexpr int kParts = 16;
inline constexpr int64_t kBlockPages = 4;
/// exp1 is zero below: a maximum that stands for "no key yet".
inline constexpr float kNoKey = -1e30f;
static_assert(kPageSize == kLanes, "a lane is a key of a page");

/// Floats of one part: maximum, sum, weighted values [v_dim].
GRPO_DEVICE int64_t part_size(int64_t v_dim) { return v_dim + 2; }

/// An online softmax: maximum and sum of the scores so far, weighted values in `values` [v_dim].
struct RunningAttention {
  float max = kNoKey, sum = 0.0f;
  float* values;
};

/// Adds the keys [low, high] of one page. keys: [dim, 16]; page_values: [16, v_dim].
GRPO_DEVICE void attend_page(const float* q, const float* keys, const float* page_values,
                             const AttentionShape& shape, int64_t low, int64_t high,
                             RunningAttention& running) {
  v16 score = broadcast(0.0f);
  for (int64_t d = 0; d < shape.dim; ++d) {
    score = fma(broadcast(q[d]), load_lanes(keys + d * kPageSize, kLanes), score);
  }
  score = keep_lanes(score * broadcast(shape.scale), low, high, -INFINITY);
  const float max = larger(reduce_max(score), running.max);
  const v16 weight = exp(score - broadcast(max));
  const float rescale = exp1(running.max - max);
  running.max = max;
  running.sum = running.sum * rescale + reduce_add(weight);
  for (int64_t j = 0; j < shape.v_dim; j += kLanes) {
    const int64_t count = lanes_left(shape.v_dim, j);
    v16 total = load_lanes(running.values + j, count) * broadcast(rescale);
    for (int i = 0; i < kLanes; ++i) {
      const v16 value = load_lanes(page_values + i * shape.v_dim + j, count);
      total = fma(broadcast(lane_value(weight, i)), value, total);
    }
    store_lanes(running.values + j, total, count);
  }
}

/// The keys of part `part` that a query at `position` sees. q: [dim]; partial: [part_size(v_dim)].
GRPO_DEVICE void attend_part(const float* q, const float* key_pages, const float* value_pages,
                             const int32_t* pages, int64_t position, int64_t kv_head,
                             const AttentionShape& shape, int64_t part, float* partial) {
  RunningAttention running{.values = partial + 2};
  for (int64_t j = 0; j < shape.v_dim; j += kLanes) {
    store_lanes(running.values + j, broadcast(0.0f), lanes_left(shape.v_dim, j));
  }
  const int64_t window_start = position - shape.window + 1;
  const int64_t first = shape.window > 0 && window_start > 0 ? window_start : 0;
  for (int64_t block = part; block * kBlockPages <= position / kPageSize; block += kParts) {
    for (int64_t page = block * kBlockPages; page < (block + 1) * kBlockPages; ++page) {
      if (page < first / kPageSize || page > position / kPageSize) continue;
      const int64_t place = (pages[page] * shape.kv_heads + kv_head) * kPageSize;
      attend_page(q, key_pages + place * shape.dim, value_pages + place * shape.v_dim, shape,
                  first - page * kPageSize, position - page * kPageSize, running);
    }
  }
  if (team_leader()) {
    partial[0] = running.max;
    partial[1] = running.sum;
  }
}

/// Output columns [j, j + 16) from the parts [kParts, part_size(v_dim)]; log_sum may be null.
GRPO_DEVICE void join_parts(const float* parts, int64_t v_dim, int64_t j, float* out,
                            float* log_sum) {
  const int64_t size = part_size(v_dim);
  float max = kNoKey;
  for (int p = 0; p < kParts; ++p) max = larger(parts[p * size], max);
  const int64_t count = lanes_left(v_dim, j);
  v16 total = broadcast(0.0f);
  float sum = 0.0f;
  for (int p = 0; p < kParts; ++p) {
    const float factor = exp1(parts[p * size] - max);  // 0 for a part without keys
    sum = fmaf(factor, parts[p * size + 1], sum);
    total = fma(broadcast(factor), load_lanes(parts + p * size + 2 + j, count), total);
  }
  store_lanes(out + j, total / broadcast(sum), count);
  if (log_sum != nullptr && j == 0 && team_leader()) {
    *log_sum = static_cast<float>(max + log(static_cast<double>(sum)));
  }
}

/// One token of kv_write, by a team. slot = page * 16 + position % 16.
GRPO_DEVICE void kv_write_token(const float* k, const float* v, int64_t slot, float* key_pages,
                                float* value_pages, int64_t kv_heads, int64_t dim, int64_t v_dim) {
  const int64_t page = slot / kPageSize, place = slot % kPageSize;
  for (int64_t h = 0; h < kv_heads; ++h) {
    float* const keys = key_pages + (page * kv_heads + h) * dim * kPageSize + place;
    for (int64_t d = 0; d < dim; d += kLanes) {
      const int64_t count = lanes_left(dim, d);
      store_strided(keys + d * kPageSize, kPageSize, load_lanes(k + h * dim + d, count), count);
    }
    float* const values = value_pages + ((page * kv_heads + h) * kPageSize + place) * v_dim;
    for (int64_t j = 0; j < v_dim; j += kLanes) {
      const int64_t count = lanes_left(v_dim, j);
      store_lanes(values + j, load_lanes(v + h * v_dim + j, count), count);
    }
  }
}

}  // namespace grpo::kernels::cuda
