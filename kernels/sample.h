#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// One token per row of logits, with its log-probability.
///
/// Logits are first multiplied by the row's `scale` (1 / temperature and whatever else the model
/// asks for), one multiplication, as in linear_logprob. Order of the filters: top-k, top-p, min-p
/// (as in vLLM); the draw is the inverse CDF in order of token id at `uniform`, which comes from
/// (seed, sequence, position), so it does not depend on batch or device. The log-probability is
/// that of the *unfiltered* softmax(scale * logits): what linear_logprob gives, bit for bit.
/// `greedy` takes the largest logit (ties: the smaller id) and reports the same log-probability.
namespace grpo::kernels {

struct SampleRow {
  float scale = 1.0f;  ///< > 0
  bool greedy = false;
  int32_t top_k = 0;     ///< 0 = off
  float top_p = 1.0f;    ///< 1 = off
  float min_p = 0.0f;    ///< 0 = off
  float uniform = 0.5f;  ///< the draw, in (0, 1)
};

namespace cpu {

/// logits: [rows, vocab_stride], the first `vocab` of a row count; -infinity is a logit of
/// probability zero. Writes token [rows], logprob [rows] and entropy [rows] (nats, unless null).
/// Returns the index of the first row that has a NaN, +infinity or no finite logit, or -1; such a
/// row gets token -1 and NaN. Ranking for the filters is by scaled logit, ties by smaller id; top-p
/// keeps the shortest beginning of the ranking that has at least the share top_p of what top-k
/// left, and at least one token; min-p keeps what is at least min_p times as likely as the
/// likeliest.
GRPO_CPU_KERNEL(int64_t, sample,
                (const float* logits, const SampleRow* rows, int32_t* tokens, float* logprobs,
                 float* entropy, int64_t num_rows, int64_t vocab, int64_t vocab_stride));

}  // namespace cpu
}  // namespace grpo::kernels
