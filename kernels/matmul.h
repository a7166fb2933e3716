#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// y = x · Wᵀ + b with packed weights, and its two gradients.
///
/// A weight [out, in] is stored in *packed* form [ceil(out / 16), in, 16]: element (o, i) stands at
/// ((o / 16) * in + i) * 16 + o % 16, rows beyond `out` are zero. This is the one form in which
/// engine, learner and optimiser hold a matrix; files hold plain rows.
///
/// Every output element is one chain of fused multiply-adds in order of the summed index, so a
/// row's result never depends on the other rows, on the number of threads or on the instruction
/// set. The bias is added last. Rows of x, y, dx and dy are dense (stride = width).
namespace grpo::kernels {

inline constexpr int64_t kPackWidth = 16;

/// Elements of the packed form of [out, in].
constexpr int64_t packed_size(int64_t out, int64_t in) {
  return (out + kPackWidth - 1) / kPackWidth * kPackWidth * in;
}

namespace cpu {

/// rows [begin, end) of a plain [out, in] matrix (given as `rows` [end - begin, in]) into `packed`.
/// The rest of the last block touched becomes zero: pack the parts of a matrix in ascending order.
GRPO_CPU_KERNEL(void, pack_rows,
                (const float* rows, float* packed, int64_t begin, int64_t end, int64_t in));
/// The reverse: rows [begin, end) of `packed` as plain rows.
GRPO_CPU_KERNEL(void, unpack_rows,
                (const float* packed, float* rows, int64_t begin, int64_t end, int64_t in));

/// y [rows, out] = x [rows, in] · Wᵀ (+ bias [out] unless null).
GRPO_CPU_KERNEL(void, matmul,
                (const float* x, const float* weight, const float* bias, float* y, int64_t rows,
                 int64_t out, int64_t in));

/// dx [rows, in] = dy [rows, out] · W, one chain over `out` in order; the chain starts from the
/// present dx when `accumulate`, else from zero.
GRPO_CPU_KERNEL(void, matmul_grad_input,
                (const float* dy, const float* weight, float* dx, int64_t rows, int64_t out,
                 int64_t in, bool accumulate));

/// dW (packed) += dyᵀ · x, one chain over rows in order that starts from the present dW: several
/// calls with consecutive rows give the bits of one. Padded rows of dW are left as they are.
GRPO_CPU_KERNEL(void, matmul_grad_weight,
                (const float* dy, const float* x, float* dweight, int64_t rows, int64_t out,
                 int64_t in));

/// db [out] += sum of dy over rows, in order.
GRPO_CPU_KERNEL(void, bias_grad, (const float* dy, float* dbias, int64_t rows, int64_t out));

}  // namespace cpu
}  // namespace grpo::kernels
