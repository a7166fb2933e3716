#include "kernels/launch.cuh"
#include "kernels/permute_body.h"

namespace grpo::kernels::cuda {

// One block, a thread an expert: the order within an expert is that of the slots without a sort.
Status expert_order(const int32_t* expert, int64_t tokens, int64_t top_k, int64_t experts,
                    int64_t* offsets, int32_t* row_of_slot, int32_t* token_of_row, Stream stream) {
  return for_each_block(1, 0, stream, [=] __device__(int64_t) {
    const int64_t slots = tokens * top_k;
    for (int64_t e = threadIdx.x; e < experts; e += kThreads) {
      offsets[e + 1] = count_expert(expert, slots, e);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      offsets[0] = 0;
      for (int64_t e = 0; e < experts; ++e) offsets[e + 1] += offsets[e];
    }
    __syncthreads();
    for (int64_t e = threadIdx.x; e < experts; e += kThreads) {
      place_expert(expert, slots, top_k, e, offsets[e], row_of_slot, token_of_row);
    }
  });
}

Status gather_rows(const float* x, const int32_t* token_of_row, float* y, int64_t rows, int64_t dim,
                   Stream stream) {
  return for_each_team(rows, stream, [=] __device__(int64_t r) {
    copy_row(x + token_of_row[r] * dim, y + r * dim, dim);
  });
}

Status combine_rows(const float* x, const int32_t* row_of_slot, const float* weight, float* y,
                    int64_t tokens, int64_t top_k, int64_t dim, bool accumulate, Stream stream) {
  return for_each_team(tokens, stream, [=] __device__(int64_t t) {
    combine_token(x, row_of_slot + t * top_k, weight != nullptr ? weight + t * top_k : nullptr,
                  y + t * dim, top_k, dim, accumulate);
  });
}

Status combine_rows_backward(const float* dy, const float* x, const int32_t* row_of_slot,
                             const float* weight, float* dx, float* dweight, int64_t tokens,
                             int64_t top_k, int64_t dim, Stream stream) {
  return for_each_team(tokens * top_k, stream, [=] __device__(int64_t slot) {
    const int64_t row = row_of_slot[slot] * dim;
    combine_grad_slot(dy + slot / top_k * dim, x + row, weight[slot], dx + row, dweight + slot,
                      dim);
  });
}

}  // namespace grpo::kernels::cuda
