#include "policy/weights/llama3_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace grpo::policy {
namespace {

/// Wavelength of the i-th frequency, in tokens.
double wavelength(const RopeConfig& rope, size_t i) {
  const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(rope.rotary_dim);
  return 2 * std::numbers::pi * std::pow(rope.theta, exponent);
}

/// llama.cpp computes the factors in float32, and the file holds them so.
bool same_factors(const RopeConfig& candidate, const std::vector<double>& factors) {
  const auto made = llama3_factors(candidate);
  return std::ranges::equal(made, factors,
                            [](double a, double b) { return std::fabs(a - b) <= 4e-6 * b; });
}

RopeConfig with(const RopeConfig& rope, double factor, double original, double high) {
  RopeConfig out = rope;
  out.frequency_factors.clear();
  out.scaling = RopeScalingKind::kLlama3;
  out.factor = factor;
  out.original_context = original;
  out.low_freq_factor = 1;
  out.high_freq_factor = high;
  return out;
}

}  // namespace

std::vector<double> llama3_factors(const RopeConfig& rope) {
  std::vector<double> factors;
  for (size_t i = 0; i < static_cast<size_t>(rope.rotary_dim / 2); ++i) {
    const double turns = rope.original_context / wavelength(rope, i);
    const double keep = std::clamp(
        (turns - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor), 0.0, 1.0);
    factors.push_back(1 / ((1 - keep) / rope.factor + keep));
  }
  return factors;
}

std::optional<RopeConfig> find_llama3(const RopeConfig& rope) {
  const auto& factors = rope.frequency_factors;
  if (factors.empty()) return std::nullopt;
  // Long waves are stretched most; the last factor is the whole one unless the ramp ends later.
  const double factor = std::round(factors.back() * 1e5) / 1e5;
  if (factor <= 1) return std::nullopt;
  // On the ramp keep_i = original / (high - 1) / wavelength_i - 1 / (high - 1): a line through its
  // outermost points, on which rounding weighs least.
  struct Point {
    double x, keep;
  };
  std::vector<Point> ramp;
  for (size_t i = 0; i < factors.size(); ++i) {
    const double keep = (1 / factors[i] - 1 / factor) / (1 - 1 / factor);
    if (keep > 1e-5 && keep < 1 - 1e-5) ramp.push_back({1 / wavelength(rope, i), keep});
  }
  const auto accept = [&](double original, double high) -> std::optional<RopeConfig> {
    const RopeConfig candidate = with(rope, factor, original, high);
    return high > 1 && original > 0 && same_factors(candidate, factors) ? std::optional(candidate)
                                                                        : std::nullopt;
  };
  if (const auto published = accept(8192, 4)) return published;  // Llama 3.1 to 3.3
  if (ramp.size() < 2) return std::nullopt;
  const double slope = (ramp.front().keep - ramp.back().keep) / (ramp.front().x - ramp.back().x);
  const double offset = ramp.front().keep - slope * ramp.front().x;
  if (offset >= 0) return std::nullopt;
  const double high = std::round((1 - 1 / offset) * 100) / 100;
  return accept(std::round(slope * (high - 1)), high);
}

}  // namespace grpo::policy
