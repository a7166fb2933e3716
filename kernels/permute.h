#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Tokens to expert order and back. A *slot* is token * top_k + choice; expert order sorts the
/// slots by expert, stably. Sums go in order of choices, so nothing depends on the batch.
namespace grpo::kernels::cpu {

/// expert: [tokens, top_k], each in [0, experts) -> offsets [experts + 1]; row_of_slot
/// [tokens * top_k] (row in expert order); token_of_row [tokens * top_k].
GRPO_CPU_KERNEL(void, expert_order,
                (const int32_t* expert, int64_t tokens, int64_t top_k, int64_t experts,
                 int64_t* offsets, int32_t* row_of_slot, int32_t* token_of_row));
/// y [rows, dim] = x[token_of_row].
GRPO_CPU_KERNEL(void, gather_rows,
                (const float* x, const int32_t* token_of_row, float* y, int64_t rows, int64_t dim));
/// y [tokens, dim] = sum over choices of weight[slot] * x[row_of_slot[slot]] (added to y when
/// `accumulate`); weight null = 1.
GRPO_CPU_KERNEL(void, combine_rows,
                (const float* x, const int32_t* row_of_slot, const float* weight, float* y,
                 int64_t tokens, int64_t top_k, int64_t dim, bool accumulate));
/// Backward of combine_rows: dx [rows, dim] = weight[slot] * dy[token]; dweight[slot] is the dot
/// product of x[row] and dy[token].
GRPO_CPU_KERNEL(void, combine_rows_backward,
                (const float* dy, const float* x, const int32_t* row_of_slot, const float* weight,
                 float* dx, float* dweight, int64_t tokens, int64_t top_k, int64_t dim));

}  // namespace grpo::kernels::cpu
