#include <algorithm>

#include "kernels/buffer.h"
#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/linear_logprob.h"
#include "kernels/parallel.h"
#include "kernels/softmax_state.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

// Logits of one block of tokens and one chunk of the vocabulary are all that is held: 4 MB. The
// head is read once for each block of tokens.
constexpr int64_t kTokenBlock = 480;
constexpr int64_t kTokenGrain = 16;

constexpr int64_t padded(int64_t width) { return (width + kLanes - 1) / kLanes * kLanes; }

/// Chunk [begin, begin + width) of the vocabulary, and the same of the head and its gradient.
struct Chunk {
  int64_t begin, width;
  int64_t stride() const { return padded(width); }
};

/// Calls body(chunk) with `logits` [tokens, chunk.stride()] = hidden · head_chunkᵀ, in order.
template <class Body>
void for_each_chunk(const float* hidden, const float* head, float* logits, int64_t tokens,
                    int64_t dim, int64_t vocab, const Body& body) {
  const int64_t rows[2] = {0, tokens};
  for (int64_t begin = 0; begin < vocab; begin += kVocabChunk) {
    const Chunk chunk{begin, std::min(kVocabChunk, vocab - begin)};
    multiply(hidden, head + begin * dim, nullptr, {rows, 1}, logits, chunk.stride(), dim);
    body(chunk);
  }
}

/// Turns the logits of one token in one chunk into the gradient of them.
void logits_to_gradient(float* logits, const Chunk& chunk, int64_t target, float scale, float log_z,
                        float entropy, float d_logprob, float d_entropy) {
  // dz_j = g_lp (1[j = t] - p_j) - g_H p_j (log p_j + H); the logit itself is z / scale.
  const v16 factor = broadcast(scale), shift = broadcast(log_z), h = broadcast(entropy);
  const v16 g_logprob = broadcast(d_logprob), g_entropy = broadcast(d_entropy);
  const v16 minus_scale = broadcast(-scale);
  for (int64_t j = 0; j < chunk.width; j += kLanes) {
    const v16 log_p = load(logits + j) * factor - shift;
    const v16 slope = fma(g_entropy, log_p + h, g_logprob);
    store(logits + j, minus_scale * (exp(log_p) * slope));
  }
  std::fill(logits + chunk.width, logits + chunk.stride(), 0.0f);
  if (target >= chunk.begin && target < chunk.begin + chunk.width) {
    logits[target - chunk.begin] += scale * d_logprob;
  }
}

}  // namespace

void linear_logprob_forward(const float* hidden, const float* head, const int32_t* targets,
                            float scale, float* logprob, float* entropy, float* log_z,
                            int64_t tokens, int64_t dim, int64_t vocab) {
  const int64_t block = std::min(tokens, kTokenBlock);
  Buffer<float> logits(block * std::min(padded(vocab), kVocabChunk));
  Buffer<SoftmaxSums> sums(block);
  Buffer<float> target_logit(block);
  for (int64_t first = 0; first < tokens; first += block) {
    const int64_t count = std::min(block, tokens - first);
    std::fill(sums.data(), sums.data() + count, SoftmaxSums{});
    for_each_chunk(hidden + first * dim, head, logits.data(), count, dim, vocab,
                   [&](const Chunk& chunk) {
                     parallel_for(count, kTokenGrain, [&](int64_t begin, int64_t end) {
                       for (int64_t t = begin; t < end; ++t) {
                         const float* row = logits.data() + t * chunk.stride();
                         join(sums[t], chunk_sums(row, chunk.width, scale));
                         const int64_t at = targets[first + t] - chunk.begin;
                         if (at >= 0 && at < chunk.width) target_logit[t] = row[at] * scale;
                       }
                     });
                   });
    for (int64_t t = 0; t < count; ++t) {
      logprob[first + t] = log_probability(sums[t], target_logit[t]);
      entropy[first + t] = entropy_of(sums[t]);
      log_z[first + t] = log_normaliser(sums[t]);
    }
  }
}

void linear_logprob_backward(const float* hidden, const float* head, const int32_t* targets,
                             float scale, const float* log_z, const float* entropy,
                             const float* d_logprob, const float* d_entropy, float* d_hidden,
                             float* d_head, int64_t tokens, int64_t dim, int64_t vocab) {
  const int64_t block = std::min(tokens, kTokenBlock);
  Buffer<float> logits(block * std::min(padded(vocab), kVocabChunk));
  for (int64_t first = 0; first < tokens; first += block) {
    const int64_t count = std::min(block, tokens - first);
    const int64_t rows[2] = {0, count};
    const float* const hidden_block = hidden + first * dim;
    for_each_chunk(hidden_block, head, logits.data(), count, dim, vocab, [&](const Chunk& chunk) {
      parallel_for(count, kTokenGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t t = first + i;
          logits_to_gradient(logits.data() + i * chunk.stride(), chunk, targets[t], scale, log_z[t],
                             entropy[t], d_logprob[t], d_entropy != nullptr ? d_entropy[t] : 0.0f);
        }
      });
      // Chunks and blocks come in order, so that both are the chains of kernels/matmul.h: d_hidden
      // over the vocabulary, d_head over the tokens.
      multiply_transposed(logits.data(), head + chunk.begin * dim, {rows, 1},
                          d_hidden + first * dim, chunk.stride(), dim, chunk.begin > 0);
      if (d_head != nullptr) {
        accumulate_outer(logits.data(), hidden_block, {rows, 1}, d_head + chunk.begin * dim,
                         chunk.stride(), dim);
      }
    });
  }
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
