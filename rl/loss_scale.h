#pragma once

#include <cstdint>

namespace grpo::rl {

/// What the loss divides by: counts over the *whole* update step, all micro-batches and ranks. Only
/// so are value and gradient the same for every split of the step.
struct LossScale {
  int64_t tokens = 0;       ///< trained ones
  int64_t completions = 0;  ///< those without a trained token too
};

}  // namespace grpo::rl
