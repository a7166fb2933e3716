#pragma once

#include <cstdint>

#include "kernels/dispatch.h"

/// Decoupled weight decay Adam (Loshchilov & Hutter, arXiv 1711.05101), fused over one tensor.
///   g = grad_scale * grad;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g²
///   p = p - lr * weight_decay * p - lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
namespace grpo::kernels {

struct AdamwStep {
  float learning_rate = 0;
  float beta1 = 0.9f, beta2 = 0.999f;
  float eps = 1e-8f;
  float weight_decay = 0;
  float bias1 = 1, bias2 = 1;  ///< 1 - beta^t
  float grad_scale = 1;        ///< clipping and loss scale
};

namespace cpu {

GRPO_CPU_KERNEL(void, adamw,
                (float* parameter, const float* grad, float* moment1, float* moment2, int64_t n,
                 const AdamwStep& step));
/// Sum of squares in float64, fixed blocks and order.
GRPO_CPU_KERNEL(double, squared_norm, (const float* x, int64_t n));

}  // namespace cpu
}  // namespace grpo::kernels
