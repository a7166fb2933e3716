#pragma once

#include "kernels/lanes.h"

/// One value of kernels/swiglu.h, by a thread.
namespace grpo::kernels::cuda {

/// 1 + e^-gate, the inverse of the sigmoid: finite for every gate, because exp1 is.
GRPO_DEVICE float inverse_sigmoid(float gate) { return 1.0f + exp1(0.0f - gate); }

GRPO_DEVICE float swiglu_value(float gate, float up) { return gate / inverse_sigmoid(gate) * up; }

GRPO_DEVICE void swiglu_grad(float dy, float gate, float up, float* dgate, float* dup) {
  const float sigmoid = 1.0f / inverse_sigmoid(gate);
  // silu' = sigmoid + gate * sigmoid * (1 - sigmoid)
  const float slope = sigmoid * (1.0f + gate * (1.0f - sigmoid));
  *dgate = dy * up * slope;
  *dup = dy * (gate * sigmoid);
}

}  // namespace grpo::kernels::cuda
