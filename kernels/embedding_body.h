#pragma once

#include "kernels/lanes.h"
#include "kernels/matmul.h"

/// The parts of kernels/embedding.h.
namespace grpo::kernels::cuda {

/// Element (id, i) of a packed table.
GRPO_DEVICE int64_t packed_index(int64_t id, int64_t i, int64_t dim) {
  return (id / kPackWidth * dim + i) * kPackWidth + id % kPackWidth;
}

/// One token, by a team.
GRPO_DEVICE void embedding_row(const float* table, int32_t id, float factor, float* y,
                               int64_t dim) {
  for (int64_t i = 0; i < dim; i += kLanes) {
    const int64_t count = lanes_left(dim, i);
    const v16 row = load_strided(table + packed_index(id, i, dim), kPackWidth, count);
    store_lanes(y + i, broadcast(factor) * row, count);
  }
}

/// Column i of the gradient, tokens in order because an id may come twice: one thread.
GRPO_DEVICE void embedding_grad_column(const float* dy, const int32_t* ids, float factor,
                                       float* dtable, int64_t i, int64_t tokens, int64_t dim) {
  for (int64_t t = 0; t < tokens; ++t) {
    dtable[packed_index(ids[t], i, dim)] += factor * dy[t * dim + i];
  }
}

}  // namespace grpo::kernels::cuda
