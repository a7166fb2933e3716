#pragma once

#include "kernels/lanes.h"
#include "kernels/matmul.h"

/// Tiles of the products of kernels/matmul.h, each by a team: one chain of fused multiply-adds for
/// every element, in order of the summed index.
namespace grpo::kernels::cuda {

/// Rows of a tile: the packed weight is read once for all of them.
inline constexpr int kTileRows = 8;

/// y[r][16 block ...] of `rows` <= kTileRows rows.
GRPO_DEVICE void matmul_tile(const float* x, const float* weight, const float* bias, float* y,
                             int64_t block, int64_t rows, int64_t out, int64_t in) {
  const float* const w = weight + block * in * kPackWidth;
  const int64_t column = block * kPackWidth;
  const int64_t count = lanes_left(out, column);
  v16 sum[kTileRows];
  for (v16& s : sum) s = broadcast(0.0f);
  for (int64_t i = 0; i < in; ++i) {
    const v16 row = load_lanes(w + i * kPackWidth, kLanes);
    for (int r = 0; r < kTileRows; ++r) {
      if (r < rows) sum[r] = fma(broadcast(x[r * in + i]), row, sum[r]);
    }
  }
  for (int r = 0; r < kTileRows; ++r) {
    if (r >= rows) break;
    const v16 result = bias != nullptr ? sum[r] + load_lanes(bias + column, count) : sum[r];
    store_lanes(y + r * out + column, result, count);
  }
}

/// dx[i ... i + 16) of one row.
GRPO_DEVICE void grad_input_tile(const float* dy, const float* weight, float* dx, int64_t i,
                                 int64_t out, int64_t in, bool accumulate) {
  const int64_t count = lanes_left(in, i);
  v16 sum = accumulate ? load_lanes(dx + i, count) : broadcast(0.0f);
  for (int64_t o = 0; o < out; ++o) {
    const float* const column = weight + (o / kPackWidth * in + i) * kPackWidth + o % kPackWidth;
    sum = fma(broadcast(dy[o]), load_strided(column, kPackWidth, count), sum);
  }
  store_lanes(dx + i, sum, count);
}

/// dW[16 block ...][i] over `rows` rows.
GRPO_DEVICE void grad_weight_tile(const float* dy, const float* x, float* dweight, int64_t block,
                                  int64_t i, int64_t rows, int64_t out, int64_t in) {
  const int64_t column = block * kPackWidth;
  const int64_t count = lanes_left(out, column);
  float* const place = dweight + (block * in + i) * kPackWidth;
  v16 sum = load_lanes(place, count);
  for (int64_t r = 0; r < rows; ++r) {
    sum = fma(load_lanes(dy + r * out + column, count), broadcast(x[r * in + i]), sum);
  }
  store_lanes(place, sum, count);
}

/// Column o of dbias: one thread.
GRPO_DEVICE void bias_grad_column(const float* dy, float* dbias, int64_t o, int64_t rows,
                                  int64_t out) {
  float sum = dbias[o];
  for (int64_t r = 0; r < rows; ++r) sum += dy[r * out + o];
  dbias[o] = sum;
}

}  // namespace grpo::kernels::cuda
