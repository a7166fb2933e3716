#include "rl/kl.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace grpo::rl {
namespace {

Tensor doubles(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values), at::kDouble);
}

TEST(Kl, EstimatorsMatchTheHandCalculation) {
  const auto logprob = doubles({-1.0}), reference = doubles({-1.5});  // d = 0.5
  const auto value = [&](KlEstimator e) {
    return kl_estimate(logprob, reference, e).item<double>();
  };
  EXPECT_DOUBLE_EQ(value(KlEstimator::kK1), 0.5);
  EXPECT_DOUBLE_EQ(value(KlEstimator::kK2), 0.125);
  EXPECT_NEAR(value(KlEstimator::kK3), std::exp(-0.5) + 0.5 - 1.0, 1e-15);
}

TEST(Kl, K3IsNeverNegative) {
  const auto d = at::linspace(-30, 30, 6001, at::kDouble);
  const auto k3 = kl_estimate(d, at::zeros_like(d), KlEstimator::kK3);
  EXPECT_GE(k3.min().item<double>(), 0.0);
  const auto tiny = doubles({1e-12, -1e-12, 0.0});
  EXPECT_GE(kl_estimate(tiny, at::zeros_like(tiny), KlEstimator::kK3).min().item<double>(), 0.0);
}

TEST(Kl, OfTwoDistributionsIsTheExpectationOfK1AndK3) {
  const auto p = doubles({0.5, 0.3, 0.2}), q = doubles({0.2, 0.3, 0.5});
  const double exact = (p * (p / q).log()).sum().item<double>();
  for (const auto e : {KlEstimator::kK1, KlEstimator::kK3}) {
    EXPECT_NEAR((p * kl_estimate(p.log(), q.log(), e)).sum().item<double>(), exact, 1e-15);
  }
}

TEST(Kl, GradientIsFiniteForAnyDifference) {
  for (const auto e : {KlEstimator::kK1, KlEstimator::kK2, KlEstimator::kK3}) {
    const auto logprob = doubles({-1000.0, -1.0, 0.0}).set_requires_grad(true);
    kl_estimate(logprob, doubles({0.0, -1.0, -1000.0}), e).sum().backward();
    EXPECT_TRUE(logprob.grad().isfinite().all().item<bool>());
  }
}

TEST(Kl, RefusesUnequalLengths) {
  EXPECT_THROW(kl_estimate(doubles({0, 1}), doubles({0}), KlEstimator::kK1), Error);
}

}  // namespace
}  // namespace grpo::rl
