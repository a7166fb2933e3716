#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "kernels/transpose.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

constexpr int64_t kMoveGrain = 8;  // blocks of 16 rows to move in one task

}  // namespace

void pack_rows(const float* rows, float* packed, int64_t begin, int64_t end, int64_t in) {
  if (begin >= end) return;
  const int64_t first = begin / kPackWidth, last = (end - 1) / kPackWidth;
  parallel_for(last - first + 1, kMoveGrain, [&](int64_t from_block, int64_t to_block) {
    for (int64_t block = first + from_block; block < first + to_block; ++block) {
      float* const to = packed + block * in * kPackWidth;
      const int64_t row = block * kPackWidth;
      int64_t i = 0;
      if (row >= begin && row + kPackWidth <= end) {
        for (; i + kLanes <= in; i += kLanes) {
          transpose16(rows + (row - begin) * in + i, in, to + i * kPackWidth, kPackWidth);
        }
      }
      for (; i < in; ++i) {
        for (int64_t lane = std::max<int64_t>(begin - row, 0); lane < kPackWidth; ++lane) {
          to[i * kPackWidth + lane] = row + lane < end ? rows[(row + lane - begin) * in + i] : 0.0f;
        }
      }
    }
  });
}

void unpack_rows(const float* packed, float* rows, int64_t begin, int64_t end, int64_t in) {
  if (begin >= end) return;
  const int64_t first = begin / kPackWidth, last = (end - 1) / kPackWidth;
  parallel_for(last - first + 1, kMoveGrain, [&](int64_t from_block, int64_t to_block) {
    for (int64_t block = first + from_block; block < first + to_block; ++block) {
      const float* const from = packed + block * in * kPackWidth;
      const int64_t row = block * kPackWidth;
      int64_t i = 0;
      if (row >= begin && row + kPackWidth <= end) {
        for (; i + kLanes <= in; i += kLanes) {
          transpose16(from + i * kPackWidth, kPackWidth, rows + (row - begin) * in + i, in);
        }
      }
      const int64_t lane_begin = std::max<int64_t>(begin - row, 0);
      const int64_t lane_end = std::min(kPackWidth, end - row);
      for (; i < in; ++i) {
        for (int64_t lane = lane_begin; lane < lane_end; ++lane) {
          rows[(row + lane - begin) * in + i] = from[i * kPackWidth + lane];
        }
      }
    }
  });
}

void matmul(const float* x, const float* weight, const float* bias, float* y, int64_t rows,
            int64_t out, int64_t in) {
  const int64_t offsets[2] = {0, rows};
  multiply(x, weight, bias, {offsets, 1}, y, out, in);
}

void matmul_grad_input(const float* dy, const float* weight, float* dx, int64_t rows, int64_t out,
                       int64_t in, bool accumulate) {
  const int64_t offsets[2] = {0, rows};
  multiply_transposed(dy, weight, {offsets, 1}, dx, out, in, accumulate);
}

void matmul_grad_weight(const float* dy, const float* x, float* dweight, int64_t rows, int64_t out,
                        int64_t in) {
  const int64_t offsets[2] = {0, rows};
  accumulate_outer(dy, x, {offsets, 1}, dweight, out, in);
}

void bias_grad(const float* dy, float* dbias, int64_t rows, int64_t out) {
  constexpr int64_t kColumns = 256;
  parallel_for((out + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t o = begin * kColumns; o < std::min(end * kColumns, out); ++o) {
        dbias[o] += dy[r * out + o];
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
