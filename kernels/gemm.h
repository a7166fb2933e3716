#pragma once

#include <cstdint>

/// The three matrix products behind matmul, grouped_gemm and linear_logprob (for `<op>_cpu.cpp`
/// files only). Rows [offsets[e], offsets[e + 1]) meet the packed weight e (kernels/matmul.h).
namespace grpo::kernels::cpu::GRPO_ISA {

struct Rows {
  const int64_t* offsets;  ///< [experts + 1], non-decreasing
  int64_t experts;
};

/// y [rows, out] = x [rows, in] · W_eᵀ (+ bias [out] unless null).
void multiply(const float* x, const float* weights, const float* bias, const Rows& rows, float* y,
              int64_t out, int64_t in);

/// dx [rows, in] = dy [rows, out] · W_e; with `accumulate` the chain over `out` starts from dx.
void multiply_transposed(const float* dy, const float* weights, const Rows& rows, float* dx,
                         int64_t out, int64_t in, bool accumulate);

/// dW_e += dy_eᵀ · x_e: the chain over rows starts from dW_e.
void accumulate_outer(const float* dy, const float* x, const Rows& rows, float* dweights,
                      int64_t out, int64_t in);

}  // namespace grpo::kernels::cpu::GRPO_ISA
