#pragma once

#include "kernels/lanes.h"

/// The parts of kernels/permute.h.
namespace grpo::kernels::cuda {

/// How many of the slots chose expert e: one thread.
GRPO_DEVICE int64_t count_expert(const int32_t* expert, int64_t slots, int64_t e) {
  int64_t count = 0;
  for (int64_t slot = 0; slot < slots; ++slot) count += expert[slot] == e ? 1 : 0;
  return count;
}

/// Gives the slots of expert e the rows from `row` on, in order: one thread.
GRPO_DEVICE void place_expert(const int32_t* expert, int64_t slots, int64_t top_k, int64_t e,
                              int64_t row, int32_t* row_of_slot, int32_t* token_of_row) {
  for (int64_t slot = 0; slot < slots; ++slot) {
    if (expert[slot] != e) continue;
    row_of_slot[slot] = static_cast<int32_t>(row);
    token_of_row[row++] = static_cast<int32_t>(slot / top_k);
  }
}

/// One row, by a team.
GRPO_DEVICE void copy_row(const float* from, float* to, int64_t dim) {
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    store_lanes(to + j, load_lanes(from + j, count), count);
  }
}

/// One token, by a team. row_of_slot, weight: of its top_k slots; weight null = 1.
GRPO_DEVICE void combine_token(const float* x, const int32_t* row_of_slot, const float* weight,
                               float* y, int64_t top_k, int64_t dim, bool accumulate) {
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    v16 sum = accumulate ? load_lanes(y + j, count) : broadcast(0.0f);
    for (int64_t choice = 0; choice < top_k; ++choice) {
      const v16 factor = broadcast(weight != nullptr ? weight[choice] : 1.0f);
      sum = fma(factor, load_lanes(x + row_of_slot[choice] * dim + j, count), sum);
    }
    store_lanes(y + j, sum, count);
  }
}

/// One slot, by a team. dy: its token's row; x, dx: its own row.
GRPO_DEVICE void combine_grad_slot(const float* dy, const float* x, float weight, float* dx,
                                   float* dweight, int64_t dim) {
  v16 dot = broadcast(0.0f);
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    const v16 d = load_lanes(dy + j, count);
    dot = fma(load_lanes(x + j, count), d, dot);
    store_lanes(dx + j, broadcast(weight) * d, count);
  }
  const float total = reduce_add(dot);
  if (team_leader()) *dweight = total;
}

}  // namespace grpo::kernels::cuda
