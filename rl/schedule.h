#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>

#include "base/config.h"

namespace grpo::rl {

enum class Decay { kConstant, kLinear, kCosine };
constexpr std::array<std::pair<Decay, const char*>, 3> enum_names(Decay) {
  return {{{Decay::kConstant, "constant"}, {Decay::kLinear, "linear"}, {Decay::kCosine, "cosine"}}};
}

struct ScheduleConfig {
  Decay decay = Decay::kConstant;
  int64_t warmup_steps = 0;
  double floor = 0.0;
};

template <class Visitor>
void fields(Visitor& v, ScheduleConfig& c) {
  v("decay", c.decay, "how the learning rate falls after the warm-up");
  v("warmup_steps", c.warmup_steps, "steps of linear rise; the last of them has the full rate",
    at_least(0));
  v("floor", c.floor, "share of the learning rate that linear and cosine end at", in_range(0, 1));
}

/// What the learning rate is multiplied by at `step` (from 0) of `total_steps`.
///
/// Warm-up: (step + 1) / warmup_steps, so that no step is spent at rate 0. Then with
/// p = (step - warmup_steps) / (total_steps - warmup_steps), which is 1 just after the last step:
///   constant 1 · linear 1 - (1 - floor) p · cosine floor + (1 - floor) (1 + cos pi p) / 2
/// Beyond total_steps it stays at the floor.
inline double learning_rate_factor(const ScheduleConfig& config, int64_t step,
                                   int64_t total_steps) {
  if (step < config.warmup_steps) {
    return static_cast<double>(step + 1) / static_cast<double>(config.warmup_steps);
  }
  if (config.decay == Decay::kConstant) return 1.0;
  const auto done = static_cast<double>(step - config.warmup_steps);
  const auto length = static_cast<double>(std::max<int64_t>(total_steps - config.warmup_steps, 1));
  const double p = std::min(done / length, 1.0);
  const double fall =
      config.decay == Decay::kLinear ? 1.0 - p : 0.5 * (1.0 + std::cos(std::numbers::pi * p));
  return config.floor + (1.0 - config.floor) * fall;
}

}  // namespace grpo::rl
