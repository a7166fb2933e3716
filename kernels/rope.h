#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Rotary position embedding (Su et al., arXiv 2104.09864), in place on x [tokens, heads,
/// head_dim]. The first rotary_dim elements behind `skip` of each head turn: pairs (j, j +
/// rotary_dim / 2), or (2i, 2i + 1) when interleaved. cos, sin: [positions, rotary_dim / 2];
/// position: [tokens]. `inverse` turns back: the gradient.
namespace grpo::kernels::cpu {

GRPO_CPU_KERNEL(void, rope,
                (float* x, const float* cos, const float* sin, const int32_t* position,
                 int64_t tokens, int64_t heads, int64_t head_dim, int64_t skip, int64_t rotary_dim,
                 bool interleaved, bool inverse));

}  // namespace grpo::kernels::cpu
