#pragma once

#include "kernels/lanes.h"

/// One row of kernels/rms_norm.h, by a team.
namespace grpo::kernels::cuda {

GRPO_DEVICE void rms_norm_row(const float* x, const float* weight, float* y, float* inv_rms,
                              int64_t dim, float eps) {
  v16 squares = broadcast(0.0f);
  for (int64_t j = 0; j < dim; j += kLanes) {
    const v16 value = load_lanes(x + j, lanes_left(dim, j));
    squares = fma(value, value, squares);
  }
  const float inverse = 1.0f / sqrtf(reduce_add(squares) / static_cast<float>(dim) + eps);
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    store_lanes(y + j,
                load_lanes(x + j, count) * broadcast(inverse) * load_lanes(weight + j, count),
                count);
  }
  if (inv_rms != nullptr && team_leader()) *inv_rms = inverse;
}

GRPO_DEVICE void rms_norm_grad_row(const float* dy, const float* x, const float* weight,
                                   float inverse, float* dx, int64_t dim) {
  const v16 inv = broadcast(inverse);
  v16 dot = broadcast(0.0f);
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    const v16 scaled = load_lanes(dy + j, count) * load_lanes(weight + j, count);
    dot = fma(scaled, load_lanes(x + j, count) * inv, dot);
  }
  const v16 mean = broadcast(reduce_add(dot) / static_cast<float>(dim));
  for (int64_t j = 0; j < dim; j += kLanes) {
    const int64_t count = lanes_left(dim, j);
    const v16 scaled = load_lanes(dy + j, count) * load_lanes(weight + j, count);
    store_lanes(dx + j, inv * (scaled - load_lanes(x + j, count) * inv * mean), count);
  }
}

/// Column j of dweight, over the rows in order: one thread.
GRPO_DEVICE void rms_norm_grad_weight(const float* dy, const float* x, const float* inv_rms,
                                      float* dweight, int64_t j, int64_t rows, int64_t dim) {
  float sum = dweight[j];
  for (int64_t r = 0; r < rows; ++r) sum += dy[r * dim + j] * (x[r * dim + j] * inv_rms[r]);
  dweight[j] = sum;
}

}  // namespace grpo::kernels::cuda
