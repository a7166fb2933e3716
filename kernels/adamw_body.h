#pragma once

#include "kernels/adamw.h"
#include "kernels/lanes.h"

/// The parts of kernels/adamw.h.
namespace grpo::kernels::cuda {

inline constexpr int64_t kNormBlock = 16384;  // elements of one partial sum, as on the CPU

/// One parameter, by a thread.
GRPO_DEVICE void adamw_value(float* parameter, float grad, float* moment1, float* moment2,
                             const AdamwStep& step) {
  const float g = step.grad_scale * grad;
  const float m = step.beta1 * *moment1 + (1.0f - step.beta1) * g;
  const float v = step.beta2 * *moment2 + (1.0f - step.beta2) * (g * g);
  const float update = (m / step.bias1) / (sqrtf(v / step.bias2) + step.eps);
  const float decay = step.learning_rate * step.weight_decay;
  *moment1 = m;
  *moment2 = v;
  *parameter = (*parameter - decay * *parameter) - step.learning_rate * update;
}

/// Sum of squares of n <= kNormBlock values, by a team.
GRPO_DEVICE double squared_norm_block(const float* x, int64_t n) {
  const int64_t whole = n / kLanes * kLanes;
  Lanes<double> squares = broadcast(0.0);
  for (int64_t i = 0; i < whole; i += kLanes) {
    squares = map_lanes([](double sum, float value) { return sum + double{value} * double{value}; },
                        squares, load_lanes(x + i, kLanes));
  }
  double sum = 0;
  for (int i = 0; i < kLanes; ++i) sum += lane_value(squares, i);
  for (int64_t i = whole; i < n; ++i) sum += double{x[i]} * double{x[i]};
  return sum;
}

}  // namespace grpo::kernels::cuda
