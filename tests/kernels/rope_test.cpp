#include "kernels/rope.h"

#include <complex>

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

constexpr int64_t kTokens = 5, kHeads = 3, kPositions = 9;
constexpr int32_t kPosition[kTokens] = {0, 8, 3, 3, 1};

struct Layout {
  int64_t head_dim, skip, rotary_dim;
  bool interleaved;
};

struct Tables {
  std::vector<float> cos, sin;
};

Tables tables(int64_t rotary_dim) {
  Tables t;
  for (int64_t p = 0; p < kPositions; ++p) {
    for (int64_t j = 0; j < rotary_dim / 2; ++j) {
      const double angle = p * std::pow(10000.0, -2.0 * static_cast<double>(j) / rotary_dim);
      t.cos.push_back(static_cast<float>(std::cos(angle)));
      t.sin.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return t;
}

std::vector<float> turned(std::vector<float> x, const Layout& layout, bool inverse) {
  const Tables t = tables(layout.rotary_dim);
  cpu::rope(x.data(), t.cos.data(), t.sin.data(), kPosition, kTokens, kHeads, layout.head_dim,
            layout.skip, layout.rotary_dim, layout.interleaved, inverse);
  return x;
}

class RopeTest : public testing::TestWithParam<Layout> {};

TEST_P(RopeTest, TurnsPairsAsComplexNumbersWithTheSameBitsEverywhere) {
  const Layout layout = GetParam();
  const auto x = random_floats(kTokens * kHeads * layout.head_dim, 1);
  const auto y = same_everywhere([&] { return turned(x, layout, false); });
  std::vector<double> want(x.begin(), x.end());
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t h = 0; h < kHeads; ++h) {
      double* head = want.data() + (t * kHeads + h) * layout.head_dim + layout.skip;
      for (int64_t j = 0; j < layout.rotary_dim / 2; ++j) {
        double& re = layout.interleaved ? head[2 * j] : head[j];
        double& im = layout.interleaved ? head[2 * j + 1] : head[j + layout.rotary_dim / 2];
        const double frequency =
            std::pow(10000.0, -2.0 * static_cast<double>(j) / layout.rotary_dim);
        const auto z = std::complex(re, im) * std::polar(1.0, kPosition[t] * frequency);
        re = z.real();
        im = z.imag();
      }
    }
  }
  expect_close(y, want, 3e-7);
}

TEST_P(RopeTest, InverseTurnsBack) {
  const auto x = random_floats(kTokens * kHeads * GetParam().head_dim, 2);
  expect_close(turned(turned(x, GetParam(), false), GetParam(), true), x, 5e-7);
}

INSTANTIATE_TEST_SUITE_P(Layouts, RopeTest,
                         testing::Values(Layout{64, 0, 64, false}, Layout{64, 0, 64, true},
                                         Layout{192, 128, 64, true}, Layout{80, 0, 20, false},
                                         Layout{24, 10, 14, false}, Layout{6, 0, 2, true}));

}  // namespace
}  // namespace grpo::kernels
