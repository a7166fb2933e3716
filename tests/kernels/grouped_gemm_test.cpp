#include "kernels/grouped_gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/matmul.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

constexpr int64_t kExperts = 5, kOut = 37, kIn = 50;
const std::vector<int64_t> kOffsets = {0, 3, 3, 16, 17, 260};  // expert 1 has no row
constexpr int64_t kRows = 260;
constexpr int64_t kWeight = packed_size(kOut, kIn);

std::vector<float> weights() {
  const auto plain = random_floats(kExperts * kOut * kIn, 1);
  std::vector<float> packed(kExperts * kWeight);
  for (int64_t e = 0; e < kExperts; ++e) {
    cpu::pack_rows(plain.data() + e * kOut * kIn, packed.data() + e * kWeight, 0, kOut, kIn);
  }
  return packed;
}

TEST(GroupedGemm, EveryExpertIsAMatmulOfItsRows) {
  const auto x = random_floats(kRows * kIn, 2), w = weights();
  std::vector<float> want(kRows * kOut);
  for (int64_t e = 0; e < kExperts; ++e) {
    const int64_t row = kOffsets[e];
    cpu::matmul(x.data() + row * kIn, w.data() + e * kWeight, nullptr, want.data() + row * kOut,
                kOffsets[e + 1] - row, kOut, kIn);
  }
  const auto got = same_everywhere([&] {
    std::vector<float> y(kRows * kOut, NAN);
    cpu::grouped_matmul(x.data(), w.data(), kOffsets.data(), y.data(), kExperts, kOut, kIn);
    return y;
  });
  EXPECT_TRUE(same_bits(got, want));
}

TEST(GroupedGemm, GradientOfTheInputIsThatOfEachMatmul) {
  const auto dy = random_floats(kRows * kOut, 3), w = weights();
  std::vector<float> want(kRows * kIn);
  for (int64_t e = 0; e < kExperts; ++e) {
    const int64_t row = kOffsets[e];
    cpu::matmul_grad_input(dy.data() + row * kOut, w.data() + e * kWeight, want.data() + row * kIn,
                           kOffsets[e + 1] - row, kOut, kIn, false);
  }
  const auto got = same_everywhere([&] {
    std::vector<float> dx(kRows * kIn, NAN);
    cpu::grouped_grad_input(dy.data(), w.data(), kOffsets.data(), dx.data(), kExperts, kOut, kIn);
    return dx;
  });
  EXPECT_TRUE(same_bits(got, want));
}

TEST(GroupedGemm, GradientOfTheWeightsIsThatOfEachMatmulAndIsAdded) {
  const auto dy = random_floats(kRows * kOut, 4), x = random_floats(kRows * kIn, 5);
  const auto before = weights();
  auto want = before;
  for (int64_t e = 0; e < kExperts; ++e) {
    const int64_t row = kOffsets[e];
    cpu::matmul_grad_weight(dy.data() + row * kOut, x.data() + row * kIn, want.data() + e * kWeight,
                            kOffsets[e + 1] - row, kOut, kIn);
  }
  const auto got = same_everywhere([&] {
    auto dw = before;
    cpu::grouped_grad_weight(dy.data(), x.data(), kOffsets.data(), dw.data(), kExperts, kOut, kIn);
    return dw;
  });
  EXPECT_TRUE(same_bits(got, want));
  EXPECT_TRUE(
      std::equal(got.begin() + kWeight, got.begin() + 2 * kWeight, before.begin() + kWeight))
      << "an expert without rows must not change";
}

TEST(GroupedGemm, NoRowsAtAllIsNoWork) {
  const std::vector<int64_t> offsets(kExperts + 1, 0);
  const auto w = weights();
  auto dw = w;
  cpu::grouped_matmul(nullptr, w.data(), offsets.data(), nullptr, kExperts, kOut, kIn);
  cpu::grouped_grad_input(nullptr, w.data(), offsets.data(), nullptr, kExperts, kOut, kIn);
  cpu::grouped_grad_weight(nullptr, nullptr, offsets.data(), dw.data(), kExperts, kOut, kIn);
  EXPECT_TRUE(same_bits(dw, w));
}

}  // namespace
}  // namespace grpo::kernels
