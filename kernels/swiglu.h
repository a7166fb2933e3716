#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// y = silu(gate) * up (Shazeer, arXiv 2002.05202), elementwise over n values.
namespace grpo::kernels::cpu {

GRPO_CPU_KERNEL(void, swiglu_forward, (const float* gate, const float* up, float* y, int64_t n));
/// dgate, dup are overwritten; dgate may be the same memory as gate, dup as up.
GRPO_CPU_KERNEL(void, swiglu_backward,
                (const float* dy, const float* gate, const float* up, float* dgate, float* dup,
                 int64_t n));

}  // namespace grpo::kernels::cpu
