#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// y = x / sqrt(mean(x²) + eps) * weight, per row (Zhang & Sennrich, arXiv 1910.07467).
/// x, y: [rows, dim]; weight: [dim]; inv_rms: [rows], kept for the backward pass (may be null).
namespace grpo::kernels::cpu {

GRPO_CPU_KERNEL(void, rms_norm_forward,
                (const float* x, const float* weight, float* y, float* inv_rms, int64_t rows,
                 int64_t dim, float eps));
/// dx is overwritten, dweight added to (sum over rows in order).
GRPO_CPU_KERNEL(void, rms_norm_backward,
                (const float* dy, const float* x, const float* weight, const float* inv_rms,
                 float* dx, float* dweight, int64_t rows, int64_t dim));

}  // namespace grpo::kernels::cpu
