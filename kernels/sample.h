#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// One token per row of logits, with its log-probability.
///
/// Order of the filters: temperature, top-k, top-p, min-p (as in vLLM); the draw is the inverse CDF
/// in order of token id at u = uniform(seed, sequence, position) of base/random.h's Philox, so it
/// does not depend on batch or device. The log-probability is that of the *unfiltered* softmax at
/// the row's temperature: what linear_logprob gives, bit for bit. temperature 0 is greedy (ties: the
/// smaller id) and reports the log-probability at temperature 1.
namespace grpo::kernels {

struct SampleRow {
  float temperature = 1.0f;
  int32_t top_k = 0;   ///< 0 = off
  float top_p = 1.0f;  ///< 1 = off
  float min_p = 0.0f;  ///< 0 = off
  float uniform = 0.5f;  ///< the draw, in (0, 1)
};

namespace cpu {

/// logits: [rows, vocab_stride], already divided by the model's logits divisor, the first `vocab`
/// of a row count. Writes token [rows], logprob [rows] and entropy [rows] (nats, unless null).
/// Returns the index of the first row that has a NaN or no finite logit, or -1.
GRPO_CPU_KERNEL(int64_t, sample,
                (const float* logits, const SampleRow* rows, int32_t* tokens, float* logprobs,
                 float* entropy, int64_t num_rows, int64_t vocab, int64_t vocab_stride));

}  // namespace cpu
}  // namespace grpo::kernels
