#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// One matrix per expert over contiguous runs of rows: rows [offsets[e], offsets[e + 1]) of x meet
/// weight e. weights: [experts, packed_size(out, in)] (kernels/matmul.h); offsets: [experts + 1],
/// non-decreasing, offsets[experts] = rows. Same order of arithmetic as matmul. Experts without
/// rows cost nothing.
namespace grpo::kernels::cpu {

GRPO_CPU_KERNEL(void, grouped_matmul,
                (const float* x, const float* weights, const int64_t* offsets, float* y,
                 int64_t experts, int64_t out, int64_t in));
/// dx = dy · W_e (overwrites).
GRPO_CPU_KERNEL(void, grouped_grad_input,
                (const float* dy, const float* weights, const int64_t* offsets, float* dx,
                 int64_t experts, int64_t out, int64_t in));
/// dW_e += dy_eᵀ · x_e.
GRPO_CPU_KERNEL(void, grouped_grad_weight,
                (const float* dy, const float* x, const int64_t* offsets, float* dweights,
                 int64_t experts, int64_t out, int64_t in));

}  // namespace grpo::kernels::cpu
