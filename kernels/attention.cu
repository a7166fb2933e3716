#include "kernels/attention_body.h"
#include "kernels/launch.cuh"

namespace grpo::kernels::cuda {
namespace {

static_assert(kParts == kTeams, "a team of the block is a part of the keys");

/// Blocks that share the queries of one run and head; decoding needs one, a chunk of a prompt many.
constexpr int64_t kQueryBlocks = 8;
/// What a block has without asking for more (CUDA C++ Programming Guide, "compute capabilities").
constexpr int64_t kSharedBytes = 48 * 1024;

}  // namespace

Status kv_write(const float* k, const float* v, const int64_t* slots, float* key_pages,
                float* value_pages, int64_t tokens, int64_t kv_heads, int64_t dim, int64_t v_dim,
                Stream stream) {
  return for_each_team(tokens, stream, [=] __device__(int64_t t) {
    kv_write_token(k + t * kv_heads * dim, v + t * kv_heads * v_dim, slots[t], key_pages,
                   value_pages, kv_heads, dim, v_dim);
  });
}

Status attention_forward(const float* q, const float* key_pages, const float* value_pages,
                         const AttentionRun* runs, int64_t num_runs, const AttentionShape& shape,
                         float* out, float* log_sum, Stream stream) {
  const int64_t size = shape.v_dim + 2;
  const int64_t shared = kParts * size * static_cast<int64_t>(sizeof(float));
  if (shared > kSharedBytes) return {"attention_forward: v_dim is above 766"};
  const auto attend = [=, shape = shape] __device__(int64_t block) {
    extern __shared__ float parts[];  // [kParts][size]
    const AttentionRun run = runs[block / (shape.heads * kQueryBlocks)];
    const int64_t head = block / kQueryBlocks % shape.heads;
    const int64_t kv_head = head / (shape.heads / shape.kv_heads);
    for (int64_t i = block % kQueryBlocks; i < run.query_count; i += kQueryBlocks) {
      const int64_t row = (run.query_begin + i) * shape.heads + head;
      attend_part(q + row * shape.dim, key_pages, value_pages, run.pages, run.position + i, kv_head,
                  shape, team(), parts + team() * size);
      __syncthreads();
      for (int64_t j = team() * kLanes; j < shape.v_dim; j += kTeams * kLanes) {
        join_parts(parts, shape.v_dim, j, out + row * shape.v_dim,
                   log_sum != nullptr ? log_sum + row : nullptr);
      }
      __syncthreads();  // the parts have been read
    }
  };
  return for_each_block(num_runs * shape.heads * kQueryBlocks, shared, stream, attend);
}

}  // namespace grpo::kernels::cuda
