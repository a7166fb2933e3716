#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Rows of a packed table [vocab, dim] (kernels/matmul.h), so that a tied head needs no second
/// copy.
namespace grpo::kernels::cpu {

/// y [tokens, dim] = factor * table[ids].
GRPO_CPU_KERNEL(void, embedding_forward,
                (const float* table, const int32_t* ids, float factor, float* y, int64_t tokens,
                 int64_t dim));
/// dtable[ids] += factor * dy, in order of tokens.
GRPO_CPU_KERNEL(void, embedding_backward,
                (const float* dy, const int32_t* ids, float factor, float* dtable, int64_t tokens,
                 int64_t dim));

}  // namespace grpo::kernels::cpu
