#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Causal softmax attention with grouped heads over a paged cache, used by engine *and* learner, so
/// that both give the same bits; and its backward pass on packed sequences.
///
/// A page holds kPageSize = 16 tokens of one layer. Keys stand transposed, [pages, kv_heads, dim,
/// 16], values plainly, [pages, kv_heads, 16, v_dim]: sixteen scores are one chain of fused
/// multiply-adds over dim. Unwritten slots may hold anything finite. The softmax takes keys in
/// order of position, by 16 lanes; masked keys add exact zeros, so neither the other queries nor
/// the path of the cache (prefill in chunks, decode, whole sequence) changes a bit.
namespace grpo::kernels {

inline constexpr int64_t kPageSize = 16;

/// Queries of one sequence that stand next to each other.
struct AttentionRun {
  int64_t query_begin = 0;  ///< row of q of the first query
  int64_t query_count = 0;
  int64_t position = 0;            ///< position of the first query; key j is seen iff j <= position
  const int32_t* pages = nullptr;  ///< page of keys [16 i, 16 i + 16)
};

struct AttentionShape {
  int64_t heads = 0;  ///< query heads; heads % kv_heads == 0
  int64_t kv_heads = 0;
  int64_t dim = 0;  ///< of q and k
  int64_t v_dim = 0;
  float scale = 1.0f;
  int64_t window = 0;  ///< a query sees itself and the window - 1 keys before it; 0 = all
};

namespace cpu {

/// Writes k [tokens, kv_heads, dim], v [tokens, kv_heads, v_dim] to slots [tokens]
/// (slot = page * 16 + position % 16).
GRPO_CPU_KERNEL(void, kv_write,
                (const float* k, const float* v, const int64_t* slots, float* key_pages,
                 float* value_pages, int64_t tokens, int64_t kv_heads, int64_t dim, int64_t v_dim));

/// q: [queries, heads, dim]; out: [queries, heads, v_dim]; log_sum: [queries, heads], the log of
/// the softmax's denominator, for the backward pass (may be null).
GRPO_CPU_KERNEL(void, attention_forward,
                (const float* q, const float* key_pages, const float* value_pages,
                 const AttentionRun* runs, int64_t num_runs, const AttentionShape& shape,
                 float* out, float* log_sum));

/// Packed sequences: sequence s is tokens [offsets[s], offsets[s + 1]) of every array, positions
/// from 0. q, dq: [tokens, heads, dim]; k, dk: [tokens, kv_heads, dim]; v, dv: [tokens, kv_heads,
/// v_dim]; out, dout: [tokens, heads, v_dim]. dq, dk, dv are overwritten. Scores are computed
/// again.
GRPO_CPU_KERNEL(void, attention_backward,
                (const float* dout, const float* q, const float* k, const float* v,
                 const float* out, const float* log_sum, const int64_t* offsets,
                 int64_t num_sequences, const AttentionShape& shape, float* dq, float* dk,
                 float* dv));

}  // namespace cpu
}  // namespace grpo::kernels
