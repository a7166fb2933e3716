#include "kernels/launch.cuh"
#include "kernels/matmul_body.h"

// The products of kernels/matmul.h and kernels/grouped_gemm.h. How many rows an expert has is known
// on the device only, so a grouped product has a team for every tile of the weight, not of the
// rows.
namespace grpo::kernels::cuda {
namespace {

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

__device__ int64_t tile_rows(int64_t end, int64_t row) {
  return end - row < kTileRows ? end - row : kTileRows;
}

}  // namespace

Status matmul(const float* x, const float* weight, const float* bias, float* y, int64_t rows,
              int64_t out, int64_t in, Stream stream) {
  const int64_t blocks = ceil_div(out, kPackWidth);
  return for_each_team(ceil_div(rows, kTileRows) * blocks, stream, [=] __device__(int64_t tile) {
    const int64_t row = tile / blocks * kTileRows;
    matmul_tile(x + row * in, weight, bias, y + row * out, tile % blocks, tile_rows(rows, row), out,
                in);
  });
}

Status matmul_grad_input(const float* dy, const float* weight, float* dx, int64_t rows, int64_t out,
                         int64_t in, bool accumulate, Stream stream) {
  const int64_t tiles = ceil_div(in, kLanes);
  return for_each_team(rows * tiles, stream, [=] __device__(int64_t tile) {
    const int64_t row = tile / tiles;
    grad_input_tile(dy + row * out, weight, dx + row * in, tile % tiles * kLanes, out, in,
                    accumulate);
  });
}

Status matmul_grad_weight(const float* dy, const float* x, float* dweight, int64_t rows,
                          int64_t out, int64_t in, Stream stream) {
  return for_each_team(ceil_div(out, kPackWidth) * in, stream, [=] __device__(int64_t tile) {
    grad_weight_tile(dy, x, dweight, tile / in, tile % in, rows, out, in);
  });
}

Status bias_grad(const float* dy, float* dbias, int64_t rows, int64_t out, Stream stream) {
  return for_each_thread(out, stream,
                         [=] __device__(int64_t o) { bias_grad_column(dy, dbias, o, rows, out); });
}

Status grouped_matmul(const float* x, const float* weights, const int64_t* offsets, float* y,
                      int64_t experts, int64_t out, int64_t in, Stream stream) {
  const int64_t blocks = ceil_div(out, kPackWidth), size = packed_size(out, in);
  return for_each_team(experts * blocks, stream, [=] __device__(int64_t tile) {
    const int64_t expert = tile / blocks, end = offsets[expert + 1];
    for (int64_t row = offsets[expert]; row < end; row += kTileRows) {
      matmul_tile(x + row * in, weights + expert * size, nullptr, y + row * out, tile % blocks,
                  tile_rows(end, row), out, in);
    }
  });
}

Status grouped_grad_input(const float* dy, const float* weights, const int64_t* offsets, float* dx,
                          int64_t experts, int64_t out, int64_t in, Stream stream) {
  const int64_t tiles = ceil_div(in, kLanes), size = packed_size(out, in);
  return for_each_team(experts * tiles, stream, [=] __device__(int64_t tile) {
    const int64_t expert = tile / tiles;
    for (int64_t row = offsets[expert]; row < offsets[expert + 1]; ++row) {
      grad_input_tile(dy + row * out, weights + expert * size, dx + row * in, tile % tiles * kLanes,
                      out, in, /*accumulate=*/false);
    }
  });
}

Status grouped_grad_weight(const float* dy, const float* x, const int64_t* offsets, float* dweights,
                           int64_t experts, int64_t out, int64_t in, Stream stream) {
  const int64_t tiles = ceil_div(out, kPackWidth) * in, size = packed_size(out, in);
  return for_each_team(experts * tiles, stream, [=] __device__(int64_t item) {
    const int64_t expert = item / tiles, tile = item % tiles;
    const int64_t row = offsets[expert], rows = offsets[expert + 1] - row;
    grad_weight_tile(dy + row * out, x + row * in, dweights + expert * size, tile / in, tile % in,
                     rows, out, in);
  });
}

}  // namespace grpo::kernels::cuda
