#include "kernels/launch.cuh"
#include "kernels/sample_body.h"

namespace grpo::kernels::cuda {
namespace {

/// Sum of f(id) over all ids, by all threads of the block, for all.
template <class F>
__device__ int64_t block_total(int64_t vocab, F f) {
  constexpr int kWarps = kThreads / 32;
  __shared__ int64_t of_warp[kWarps];
  int64_t sum = 0;
  for (int64_t id = threadIdx.x; id < vocab; id += kThreads) sum += f(id);
  for (int half = 16; half > 0; half /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, half);
  __syncthreads();  // the last total has been read
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0;
  for (const int64_t part : of_warp) sum += part;
  return sum;
}

/// One row, by a block. chunks: shared, one for each chunk of the vocabulary.
__device__ void sample_row(const float* logits, const SampleRow& request, SoftmaxSums* chunks,
                           int32_t* token, float* logprob, float* entropy, int64_t vocab) {
  const int64_t num_chunks = (vocab + kVocabChunk - 1) / kVocabChunk;
  for (int64_t c = team(); c < num_chunks; c += kTeams) {
    const int64_t begin = c * kVocabChunk;
    const int64_t count = vocab - begin < kVocabChunk ? vocab - begin : kVocabChunk;
    const SoftmaxSums sums = chunk_sums(logits + begin, count, request.scale);
    if (team_leader()) chunks[c] = sums;
  }
  __syncthreads();
  SampledRow row{logits, vocab, request.scale, {}};
  for (int64_t c = 0; c < num_chunks; ++c) join(row.sums, chunks[c]);

  int64_t id = -1;
  if (is_distribution(row.sums)) {
    const auto total = [&](auto f) { return block_total(vocab, f); };
    const bool filtered = request.top_k > 0 || request.top_p < 1.0f || request.min_p > 0.0f;
    id = request.greedy ? greedy_token(row, total)
         : filtered     ? draw_filtered(row, request, total)
                        : draw_token(row, chunks, request.uniform);
  }
  if (threadIdx.x != 0) return;
  *token = static_cast<int32_t>(id);
  *logprob = id < 0 ? NAN : log_probability(row.sums, scaled_logit(row, id));
  if (entropy != nullptr) *entropy = id < 0 ? NAN : entropy_of(row.sums);
}

}  // namespace

Status sample(const float* logits, const SampleRow* rows, int32_t* tokens, float* logprobs,
              float* entropy, int64_t num_rows, int64_t vocab, int64_t vocab_stride,
              int64_t* first_bad, Stream stream) {
  const int64_t num_chunks = (vocab + kVocabChunk - 1) / kVocabChunk;
  const auto shared = num_chunks * static_cast<int64_t>(sizeof(SoftmaxSums));
  const Status status = for_each_block(num_rows, shared, stream, [=] __device__(int64_t r) {
    extern __shared__ float dynamic[];
    sample_row(logits + r * vocab_stride, rows[r], reinterpret_cast<SoftmaxSums*>(dynamic),
               tokens + r, logprobs + r, entropy != nullptr ? entropy + r : nullptr, vocab);
  });
  if (!status.ok()) return status;
  return for_each_thread(1, stream, [=] __device__(int64_t) {
    int64_t r = 0;
    while (r < num_rows && tokens[r] >= 0) ++r;
    *first_bad = r < num_rows ? r : -1;
  });
}

}  // namespace grpo::kernels::cuda
