#include "kernels/swiglu.h"

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

double silu(double x) { return x / (1.0 + std::exp(-x)); }

class SwigluTest : public testing::TestWithParam<int64_t> {};

TEST_P(SwigluTest, MatchesTheFormulaWithTheSameBitsEverywhere) {
  const int64_t n = GetParam();
  const auto gate = random_floats(n, 1, 12.0f);
  const auto up = random_floats(n, 2);
  const auto y = same_everywhere([&] {
    std::vector<float> result(gate.size());
    cpu::swiglu_forward(gate.data(), up.data(), result.data(), n);
    return result;
  });
  std::vector<double> want(gate.size());
  for (size_t i = 0; i < want.size(); ++i) want[i] = silu(gate[i]) * up[i];
  expect_close(y, want, 5e-7);
}

TEST_P(SwigluTest, GradientMatchesFiniteDifferenceInPlace) {
  const int64_t n = GetParam();
  const auto gate = random_floats(n, 1, 8.0f);
  const auto up = random_floats(n, 2);
  const auto dy = random_floats(n, 3);
  const auto both = same_everywhere([&] {
    std::vector<float> d(gate);
    d.insert(d.end(), up.begin(), up.end());
    cpu::swiglu_backward(dy.data(), d.data(), d.data() + n, d.data(), d.data() + n, n);
    return d;
  });
  std::vector<double> want(both.size());
  constexpr double kStep = 1e-5;
  for (size_t i = 0; i < gate.size(); ++i) {
    want[i] = dy[i] * up[i] * (silu(gate[i] + kStep) - silu(gate[i] - kStep)) / (2.0 * kStep);
    want[gate.size() + i] = dy[i] * silu(gate[i]);
  }
  expect_close(both, want, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SwigluTest, testing::Values(0, 1, 15, 16, 17, 1000, 20001));

TEST(Swiglu, StaysFiniteForLargeGates) {
  const std::vector<float> gate = {-1e30f, -200.0f, -89.0f, 0.0f, 89.0f, 200.0f, 1e30f};
  const std::vector<float> up(gate.size(), 1.0f);
  std::vector<float> y(gate.size()), dgate(gate.size()), dup(gate.size());
  const auto n = static_cast<int64_t>(gate.size());
  cpu::swiglu_forward(gate.data(), up.data(), y.data(), n);
  cpu::swiglu_backward(up.data(), gate.data(), up.data(), dgate.data(), dup.data(), n);
  const std::vector<float> slope = {0.0f, 0.0f, 0.0f, 0.5f, 1.0f, 1.0f, 1.0f};
  for (size_t i = 0; i < gate.size(); ++i) {
    EXPECT_NEAR(y[i] / std::max(1.0f, gate[i]), gate[i] > 0.0f ? 1.0f : 0.0f, 1e-7f) << gate[i];
    EXPECT_NEAR(dgate[i], slope[i], 1e-7f) << gate[i];
  }
}

}  // namespace
}  // namespace grpo::kernels
