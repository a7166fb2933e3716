#include "kernels/rms_norm.h"

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

constexpr float kEps = 1e-5f;

std::vector<double> reference(const std::vector<double>& x, const std::vector<double>& weight) {
  const size_t dim = weight.size();
  std::vector<double> y(x.size());
  for (size_t r = 0; r < x.size() / dim; ++r) {
    double squares = 0.0;
    for (size_t j = 0; j < dim; ++j) squares += x[r * dim + j] * x[r * dim + j];
    const double root = std::sqrt(squares / static_cast<double>(dim) + kEps);
    for (size_t j = 0; j < dim; ++j) y[r * dim + j] = x[r * dim + j] / root * weight[j];
  }
  return y;
}

std::vector<double> wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

class RmsNormTest : public testing::TestWithParam<std::pair<int64_t, int64_t>> {};

TEST_P(RmsNormTest, MatchesTheFormulaWithTheSameBitsEverywhere) {
  const auto [rows, dim] = GetParam();
  const auto x = random_floats(rows * dim, 1, 3.0f);
  const auto weight = random_floats(dim, 2);
  const auto y = same_everywhere([&] {
    std::vector<float> result(x.size());
    cpu::rms_norm_forward(x.data(), weight.data(), result.data(), nullptr, rows, dim, kEps);
    return result;
  });
  expect_close(y, reference(wide(x), wide(weight)), 2e-6);
}

TEST_P(RmsNormTest, GradientMatchesFiniteDifference) {
  const auto [rows, dim] = GetParam();
  if (rows * dim > 1000) return;  // the difference quotient is quadratic
  const auto x = random_floats(rows * dim, 1, 3.0f);
  const auto weight = random_floats(dim, 2);
  const auto dy = random_floats(rows * dim, 3);
  std::vector<float> y(x.size()), inverse(static_cast<size_t>(rows));
  cpu::rms_norm_forward(x.data(), weight.data(), y.data(), inverse.data(), rows, dim, kEps);
  auto both = same_everywhere([&] {
    std::vector<float> dx(x.size() + weight.size(), 0.0f);
    cpu::rms_norm_backward(dy.data(), x.data(), weight.data(), inverse.data(), dx.data(),
                           dx.data() + x.size(), rows, dim);
    return dx;
  });
  const std::vector<float> dweight(both.begin() + rows * dim, both.end());
  both.resize(x.size());
  expect_close(both,
               numeric_gradient([&](const auto& v) { return reference(v, wide(weight)); }, x, dy),
               1e-5);
  expect_close(dweight,
               numeric_gradient([&](const auto& v) { return reference(wide(x), v); }, weight, dy),
               1e-5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RmsNormTest,
                         testing::Values(std::pair{1, 1}, std::pair{3, 16}, std::pair{5, 37},
                                         std::pair{0, 8}, std::pair{2, 64}, std::pair{70, 576}));

TEST(RmsNorm, ARowDoesNotDependOnItsNeighbours) {
  const int64_t dim = 80;
  const auto x = random_floats(9 * dim, 4);
  const auto weight = random_floats(dim, 5);
  std::vector<float> all(x.size()), alone(static_cast<size_t>(dim));
  cpu::rms_norm_forward(x.data(), weight.data(), all.data(), nullptr, 9, dim, kEps);
  for (int64_t r = 0; r < 9; ++r) {
    cpu::rms_norm_forward(x.data() + r * dim, weight.data(), alone.data(), nullptr, 1, dim, kEps);
    EXPECT_TRUE(same_bits(alone, {all.begin() + r * dim, all.begin() + (r + 1) * dim}));
  }
}

TEST(RmsNorm, WeightGradientIsAddedRowByRow) {
  const int64_t rows = 6, dim = 40;
  const auto x = random_floats(rows * dim, 6);
  const auto dy = random_floats(rows * dim, 7);
  const auto weight = random_floats(dim, 8);
  const auto inverse = random_floats(rows, 9);
  std::vector<float> dx(x.size()), whole(static_cast<size_t>(dim)), parts(static_cast<size_t>(dim));
  cpu::rms_norm_backward(dy.data(), x.data(), weight.data(), inverse.data(), dx.data(),
                         whole.data(), rows, dim);
  for (int64_t r = 0; r < rows; r += 2) {
    cpu::rms_norm_backward(dy.data() + r * dim, x.data() + r * dim, weight.data(),
                           inverse.data() + r, dx.data(), parts.data(), 2, dim);
  }
  EXPECT_TRUE(same_bits(whole, parts));
}

}  // namespace
}  // namespace grpo::kernels
