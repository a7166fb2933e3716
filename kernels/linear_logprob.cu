#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/linear_logprob_body.h"

namespace grpo::kernels::cuda {
namespace {

// Logits of one block of tokens and one chunk of the vocabulary are all that is held: 16 MB.
constexpr int64_t kTokenBlock = 2048;

constexpr int64_t padded(int64_t width) { return (width + kLanes - 1) / kLanes * kLanes; }

/// Tokens [first, first + count) and ids [begin, begin + width).
struct Part {
  int64_t first, count;
  int64_t begin, width;
  int64_t stride() const { return padded(width); }
};

/// Calls body(part, logits [part.count, part.stride()]) for every part: blocks of tokens in order,
/// within each the chunks in order.
template <class Body>
Status for_each_part(const float* hidden, const float* head, int64_t tokens, int64_t dim,
                     int64_t vocab, Stream stream, const Body& body) {
  const int64_t block = std::min(tokens, kTokenBlock);
  const Workspace<float> workspace(block * std::min(padded(vocab), kVocabChunk), stream);
  Status status = workspace.status();
  float* const logits = workspace.data();
  for (int64_t first = 0; first < tokens; first += block) {
    for (int64_t begin = 0; begin < vocab && status.ok(); begin += kVocabChunk) {
      const Part part{first, std::min(block, tokens - first), begin,
                      std::min(kVocabChunk, vocab - begin)};
      status = matmul(hidden + first * dim, head + begin * dim, nullptr, logits, part.count,
                      part.stride(), dim, stream);
      if (status.ok()) status = body(part, logits);
    }
  }
  return status;
}

}  // namespace

Status linear_logprob_forward(const float* hidden, const float* head, const int32_t* targets,
                              float scale, float* logprob, float* entropy, float* log_z,
                              int64_t tokens, int64_t dim, int64_t vocab, Stream stream) {
  const Workspace<SoftmaxSums> sums_of(tokens, stream);
  const Workspace<float> target_of(tokens, stream);
  if (!sums_of.status().ok()) return sums_of.status();
  if (!target_of.status().ok()) return target_of.status();
  SoftmaxSums* const sums = sums_of.data();
  float* const target_logit = target_of.data();
  const Status status = for_each_part(
      hidden, head, tokens, dim, vocab, stream, [&](const Part& part, const float* logits) {
        const int64_t stride = part.stride();
        return for_each_team(part.count, stream, [=] __device__(int64_t i) {
          const int64_t t = part.first + i;
          logprob_chunk(logits + i * stride, part.begin, part.width, targets[t], scale, sums + t,
                        target_logit + t);
        });
      });
  if (!status.ok()) return status;
  return for_each_thread(tokens, stream, [=] __device__(int64_t t) {
    logprob[t] = log_probability(sums[t], target_logit[t]);
    entropy[t] = entropy_of(sums[t]);
    log_z[t] = log_normaliser(sums[t]);
  });
}

Status linear_logprob_backward(const float* hidden, const float* head, const int32_t* targets,
                               float scale, const float* log_z, const float* entropy,
                               const float* d_logprob, const float* d_entropy, float* d_hidden,
                               float* d_head, int64_t tokens, int64_t dim, int64_t vocab,
                               Stream stream) {
  return for_each_part(
      hidden, head, tokens, dim, vocab, stream, [&](const Part& part, float* logits) {
        const int64_t stride = part.stride();
        Status status = for_each_team(part.count, stream, [=] __device__(int64_t i) {
          const int64_t t = part.first + i;
          logits_to_gradient(logits + i * stride, part.begin, part.width, stride, targets[t], scale,
                             log_z[t], entropy[t], d_logprob[t],
                             d_entropy != nullptr ? d_entropy[t] : 0.0f);
        });
        // Chunks and blocks come in order, so that both are the chains of kernels/matmul.h:
        // d_hidden over the vocabulary, d_head over the tokens.
        if (status.ok()) {
          status = matmul_grad_input(logits, head + part.begin * dim, d_hidden + part.first * dim,
                                     part.count, stride, dim, part.begin > 0, stream);
        }
        if (status.ok() && d_head != nullptr) {
          status = matmul_grad_weight(logits, hidden + part.first * dim, d_head + part.begin * dim,
                                      part.count, stride, dim, stream);
        }
        return status;
      });
}

}  // namespace grpo::kernels::cuda
