#include "kernels/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

TEST(AdamW, FirstStepIsTheHandCalculatedOne) {
  // g = 0.5 * 4 = 2; m = 0.1 * 2 = 0.2, m / 0.1 = 2; v = 0.001 * 4 = 0.004, v / 0.001 = 4;
  // p = 1 - 0.1 * 0.5 * 1 - 0.1 * 2 / (2 + 0) = 0.85.
  float p = 1, g = 4, m = 0, v = 0;
  cpu::adamw(&p, &g, &m, &v, 1,
             AdamwStep{.learning_rate = 0.1f,
                       .beta1 = 0.9f,
                       .beta2 = 0.999f,
                       .eps = 0,
                       .weight_decay = 0.5f,
                       .bias1 = 0.1f,
                       .bias2 = 0.001f,
                       .grad_scale = 0.5f});
  EXPECT_FLOAT_EQ(m, 0.2f);
  EXPECT_NEAR(v, 0.004f, 1e-7);  // 1 - 0.999 in float carries 13 significant bits less
  EXPECT_NEAR(p, 0.85f, 2e-6);
}

TEST(AdamW, StepsAgreeWithTheFormulaInDouble) {
  constexpr int64_t kCount = 40000 + 7;  // several tasks and a ragged end
  const auto start = random_floats(kCount, 1);
  const auto got = same_everywhere([&] {
    auto p = start;
    std::vector<float> m(kCount), v(kCount);
    for (int t = 1; t <= 3; ++t) {
      const auto g = random_floats(kCount, static_cast<uint32_t>(10 + t));
      cpu::adamw(p.data(), g.data(), m.data(), v.data(), kCount,
                 AdamwStep{.learning_rate = 0.01f,
                           .beta2 = 0.99f,
                           .weight_decay = 0.1f,
                           .bias1 = static_cast<float>(1 - std::pow(0.9, t)),
                           .bias2 = static_cast<float>(1 - std::pow(0.99, t)),
                           .grad_scale = 0.25f});
    }
    p.insert(p.end(), m.begin(), m.end());
    p.insert(p.end(), v.begin(), v.end());
    return p;
  });
  std::vector<double> p(start.begin(), start.end()), m(kCount), v(kCount);
  for (int t = 1; t <= 3; ++t) {
    const auto grad = random_floats(kCount, static_cast<uint32_t>(10 + t));
    for (int64_t i = 0; i < kCount; ++i) {
      const double g = 0.25 * grad[i];
      m[i] = 0.9 * m[i] + 0.1 * g;
      v[i] = 0.99 * v[i] + 0.01 * g * g;
      const double update =
          m[i] / (1 - std::pow(0.9, t)) / (std::sqrt(v[i] / (1 - std::pow(0.99, t))) + 1e-8);
      p[i] -= 0.01 * 0.1 * p[i] + 0.01 * update;
    }
  }
  p.insert(p.end(), m.begin(), m.end());
  p.insert(p.end(), v.begin(), v.end());
  expect_close(got, p, 2e-7);
}

TEST(AdamW, ZeroGradientOnlyDecays) {
  std::vector<float> p(20, 2.0f), g(20, 0.0f), m(20, 0.0f), v(20, 0.0f);
  cpu::adamw(p.data(), g.data(), m.data(), v.data(), 20,
             AdamwStep{.learning_rate = 0.5f, .weight_decay = 0.25f});
  EXPECT_EQ(p, std::vector<float>(20, 1.75f));
  EXPECT_EQ(m, std::vector<float>(20, 0.0f));
}

TEST(AdamW, SquaredNormIsTheSumInDouble) {
  EXPECT_EQ(cpu::squared_norm(nullptr, 0), 0.0);
  const std::vector<float> small = {3, -4, 12};
  EXPECT_EQ(cpu::squared_norm(small.data(), 3), 169.0);
  for (const int64_t count : {1, 15, 16, 17, 16384, 100003}) {
    const auto x = random_floats(count, 4, 1e3f);
    double want = 0;
    for (const float value : x) want += double{value} * value;
    const auto got = same_everywhere([&] {
      const double norm = cpu::squared_norm(x.data(), count);
      std::vector<float> bits(2);  // the double itself, for the comparison of bits
      std::memcpy(bits.data(), &norm, sizeof norm);
      return bits;
    });
    double norm;
    std::memcpy(&norm, got.data(), sizeof norm);
    EXPECT_NEAR(norm / want, 1.0, 1e-13) << count;
  }
}

}  // namespace
}  // namespace grpo::kernels
