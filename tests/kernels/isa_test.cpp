// The plain C++ variant of the sixteen lanes against the C library. That the AVX2 and AVX-512
// variants give the same bits is what same_everywhere asserts in the tests of every kernel.
#define GRPO_ISA generic
#define GRPO_ISA_generic 1
#include "kernels/isa.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/transpose.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels::cpu::generic {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

std::array<float, 16> lanes(v16 a) {
  std::array<float, 16> x;
  store(x.data(), a);
  return x;
}

TEST(Isa, ExpIsWithinTwoUnitsInTheLastPlace) {
  for (int i = -87000; i <= 88300; i += 7) {
    const float x = static_cast<float>(i) * 1e-3f;
    const double want = std::exp(double{x});
    const double unit = std::ldexp(1.0, std::ilogb(want) - 23);
    ASSERT_LE(std::fabs(exp1(x) - want), 2 * unit) << x;
  }
}

TEST(Isa, ExpAtTheEnds) {
  EXPECT_EQ(exp1(0.0f), 1.0f);
  EXPECT_EQ(exp1(-0.0f), 1.0f);
  EXPECT_EQ(exp1(-87.4f), 0.0f);
  EXPECT_EQ(exp1(-1e30f), 0.0f);
  EXPECT_EQ(exp1(-kInf), 0.0f);
  EXPECT_TRUE(std::isfinite(exp1(kInf)));
  EXPECT_GT(exp1(1000.0f), 1e38f);
  EXPECT_TRUE(std::isnan(exp1(NAN)));
}

TEST(Isa, ReductionsAddHalves) {
  std::array<float, 16> x;
  for (int i = 0; i < 16; ++i) x[i] = std::ldexp(1.0f + 0.1f * static_cast<float>(i), i);
  auto want = x;
  for (int half : {8, 4, 2, 1}) {
    for (int i = 0; i < half; ++i) want[i] += want[i + half];
  }
  EXPECT_EQ(reduce_add(load(x.data())), want[0]);
  EXPECT_EQ(reduce_max(load(x.data())), x[15]);
}

TEST(Isa, PartialLoadsFillAndPartialStoresStop) {
  const auto x = random_floats(16, 1);
  for (int64_t count = 0; count <= 16; ++count) {
    const std::vector<float> source(x.begin(), x.begin() + count);  // nothing readable behind
    const auto got = lanes(load_partial(source.data(), count, 7.0f));
    std::vector<float> target(16, 9.0f);
    store_partial(target.data(), load(x.data()), count);
    for (int64_t i = 0; i < 16; ++i) {
      EXPECT_EQ(got[i], i < count ? x[i] : 7.0f);
      EXPECT_EQ(target[i], i < count ? x[i] : 9.0f);
    }
  }
}

TEST(Isa, MaxAndMinTakeTheSecondWhereEitherIsNan) {
  EXPECT_EQ(lanes(max(broadcast(NAN), broadcast(1.0f)))[0], 1.0f);
  EXPECT_TRUE(std::isnan(lanes(max(broadcast(1.0f), broadcast(NAN)))[0]));
  EXPECT_EQ(lanes(min(broadcast(NAN), broadcast(1.0f)))[0], 1.0f);
  EXPECT_TRUE(std::isnan(lanes(min(broadcast(1.0f), broadcast(NAN)))[0]));
}

TEST(Isa, RoundTiesToEvenAndFmaRoundsOnce) {
  EXPECT_EQ(lanes(round(broadcast(2.5f)))[0], 2.0f);
  EXPECT_EQ(lanes(round(broadcast(-3.5f)))[0], -4.0f);
  const float a = 1.0f + 0x1p-12f;  // a * a = 1 + 2^-11 + 2^-24: the last bit is lost in a product
  EXPECT_EQ(lanes(fma(broadcast(a), broadcast(a), broadcast(-(1.0f + 0x1p-11f))))[3], 0x1p-24f);
  EXPECT_EQ(lanes(exp2_integral(broadcast(-126.0f)))[0], 0x1p-126f);
  EXPECT_EQ(lanes(exp2_integral(broadcast(127.0f)))[0], 0x1p127f);
}

TEST(Isa, TransposeSwapsRowsAndColumns) {
  const auto from = random_floats(16 * 20, 2);
  std::vector<float> to(16 * 33, -1.0f);
  transpose16(from.data(), 20, to.data(), 33);
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 16; ++j) EXPECT_EQ(to[j * 33 + i], from[i * 20 + j]);
  }
}

TEST(Dispatch, EverySetCanBeChosenAndHasAName) {
  const Isa before = isa();
  EXPECT_TRUE(available(before));
  EXPECT_TRUE(available(Isa::kGeneric));
  for (const Isa set : {Isa::kGeneric, Isa::kAvx2, Isa::kAvx512}) {
    if (!available(set)) continue;
    set_isa(set);
    EXPECT_EQ(isa(), set);
  }
  set_isa(before);
  EXPECT_STREQ(name(Isa::kGeneric), "generic");
  EXPECT_STREQ(name(Isa::kAvx2), "avx2");
  EXPECT_STREQ(name(Isa::kAvx512), "avx512");
}

}  // namespace
}  // namespace grpo::kernels::cpu::generic
