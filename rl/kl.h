#pragma once

#include "base/tensor.h"
#include "rl/loss_config.h"

namespace grpo::rl {

/// Differences of log-probabilities are clamped to this before exp, as verl and OpenRLHF do: beyond
/// a ratio of 4.8e8 a value carries no information, and its gradient would be inf or NaN.
inline constexpr double kMaxLogRatio = 20.0;

/// Estimate of KL(policy || reference) from samples of the policy, per token, with
/// d = logprob - reference:  k1 = d · k2 = d^2 / 2 · k3 = exp(-d) + d - 1 >= 0.
///
/// Differentiable in logprob. k1's gradient is 1 whatever the reference, with expectation zero on
/// policy: in the loss it is no penalty. Any shape, both the same.
/// Source: schulman.joschu.net/blog/kl-approx.html; DeepSeekMath, arXiv 2402.03300, eq. 4.
Tensor kl_estimate(const Tensor& logprob, const Tensor& reference, KlEstimator estimator);

}  // namespace grpo::rl
