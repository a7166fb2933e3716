#include "policy/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace grpo::policy {
namespace {

double llama3_frequency(double f, const RopeConfig& rope) {
  const double wavelength = 2 * std::numbers::pi / f;
  if (wavelength < rope.original_context / rope.high_freq_factor) return f;
  if (wavelength > rope.original_context / rope.low_freq_factor) return f / rope.factor;
  const double smooth = (rope.original_context / wavelength - rope.low_freq_factor) /
                        (rope.high_freq_factor - rope.low_freq_factor);
  return (1 - smooth) * f / rope.factor + smooth * f;
}

/// Dim at which a wave makes `rotations` turns within the original context.
double yarn_dim(double rotations, const RopeConfig& rope) {
  return static_cast<double>(rope.rotary_dim) *
         std::log(rope.original_context / (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(rope.theta));
}

void apply_yarn(std::vector<float>& f, const RopeConfig& rope) {
  double low = yarn_dim(rope.beta_fast, rope);
  double high = yarn_dim(rope.beta_slow, rope);
  if (rope.yarn_truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.rotary_dim - 1));
  if (low == high) high += 0.001;
  for (size_t i = 0; i < f.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    f[i] = static_cast<float>(f[i] / rope.factor * ramp + f[i] * (1 - ramp));
  }
}

}  // namespace

std::vector<float> rope_frequencies(const RopeConfig& rope) {
  check(rope.rotary_dim > 0 && rope.rotary_dim % 2 == 0, "rope: rotary_dim {} must be even",
        rope.rotary_dim);
  const auto half = static_cast<size_t>(rope.rotary_dim / 2);
  std::vector<float> f(half);
  for (size_t i = 0; i < half; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(rope.rotary_dim);
    f[i] = 1.0f / std::pow(static_cast<float>(rope.theta), exponent);
  }
  const auto divide = [&](const std::vector<double>& factors, const char* what) {
    check(factors.size() == half, "rope: {} has {} values, expected {}", what, factors.size(),
          half);
    for (size_t i = 0; i < half; ++i) f[i] = static_cast<float>(f[i] / factors[i]);
  };
  switch (rope.scaling) {
    case RopeScalingKind::kNone:
      break;
    case RopeScalingKind::kLinear:
      for (float& x : f) x = static_cast<float>(x / rope.factor);
      break;
    case RopeScalingKind::kLlama3:
      for (float& x : f) x = static_cast<float>(llama3_frequency(x, rope));
      break;
    case RopeScalingKind::kYarn:
      apply_yarn(f, rope);
      break;
    case RopeScalingKind::kLongrope:
      divide(rope.short_factors, "short_factor");
      break;
  }
  if (!rope.frequency_factors.empty()) divide(rope.frequency_factors, "frequency factors");
  return f;
}

void RopeTables::ensure(int64_t count) {
  check(rope_.scaling != RopeScalingKind::kLongrope ||
            static_cast<double>(count) <= rope_.original_context,
        "longrope: {} positions, but only {} have the short factors; longer sequences are not "
        "supported",
        count, rope_.original_context);
  if (count <= count_) return;
  count_ = std::max(count, std::min<int64_t>(2 * count_, count + 4096));
  const auto frequencies = rope_frequencies(rope_);
  const size_t half = frequencies.size();
  cos_.resize(static_cast<size_t>(count_) * half);
  sin_.resize(cos_.size());
  for (int64_t p = 0; p < count_; ++p) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) * static_cast<double>(frequencies[i]);
      const size_t at = static_cast<size_t>(p) * half + i;
      cos_[at] = static_cast<float>(std::cos(angle) * rope_.cos_sin_factor);
      sin_[at] = static_cast<float>(std::sin(angle) * rope_.cos_sin_factor);
    }
  }
}

}  // namespace grpo::policy
