#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Log-probability of targets and entropy under softmax(scale · hidden · headᵀ), by chunks of
/// tokens and vocabulary: the logits [tokens, vocab] are never held.
///
/// hidden: [tokens, dim]; head: packed [vocab, dim]; targets: [tokens], 0 <= t < vocab; scale > 0:
/// what logits are multiplied by (1 / temperature and whatever else the model asks for). `vocab`
/// may be smaller than the head's rows: padded ids then have probability zero, as in sampling.
/// log_z is the log of the softmax's denominator. Nats. The reduction over the vocabulary has fixed
/// chunks and order: a token's values have the same bits as those of `sample` (kernels/sample.h).
/// Working memory: the logits of 480 tokens and one chunk of the vocabulary, 4 MB.
namespace grpo::kernels {

/// Vocabulary chunk of the running softmax; part of the definition of the result's bits.
inline constexpr int64_t kVocabChunk = 2048;

namespace cpu {

GRPO_CPU_KERNEL(void, linear_logprob_forward,
                (const float* hidden, const float* head, const int32_t* targets, float scale,
                 float* logprob, float* entropy, float* log_z, int64_t tokens, int64_t dim,
                 int64_t vocab));

/// Gradient of sum_t d_logprob[t] * logprob[t] + d_entropy[t] * entropy[t] (d_entropy may be null).
/// d_hidden [tokens, dim] is overwritten; d_head (packed) is added to, unless null. Logits are
/// computed again by chunks.
GRPO_CPU_KERNEL(void, linear_logprob_backward,
                (const float* hidden, const float* head, const int32_t* targets, float scale,
                 const float* log_z, const float* entropy, const float* d_logprob,
                 const float* d_entropy, float* d_hidden, float* d_head, int64_t tokens,
                 int64_t dim, int64_t vocab));

}  // namespace cpu
}  // namespace grpo::kernels
