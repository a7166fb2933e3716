#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/dispatch.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

using Shape = std::array<int64_t, 3>;  // rows, out, in

std::vector<float> packed(const std::vector<float>& plain, int64_t out, int64_t in) {
  std::vector<float> to(static_cast<size_t>(packed_size(out, in)), NAN);
  cpu::pack_rows(plain.data(), to.data(), 0, out, in);
  return to;
}

std::vector<float> unpacked(const std::vector<float>& from, int64_t out, int64_t in) {
  std::vector<float> plain(static_cast<size_t>(out * in));
  cpu::unpack_rows(from.data(), plain.data(), 0, out, in);
  return plain;
}

// One chain of fused multiply-adds in order of the summed index: the definition, bit for bit.
std::vector<float> chains(int64_t rows, int64_t columns, int64_t depth, std::vector<float> start,
                          auto left, auto right) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c) {
      float sum = start[static_cast<size_t>(r * columns + c)];
      for (int64_t k = 0; k < depth; ++k) sum = std::fma(left(r, k), right(k, c), sum);
      start[static_cast<size_t>(r * columns + c)] = sum;
    }
  }
  return start;
}

std::vector<float> zeros(int64_t count) { return std::vector<float>(static_cast<size_t>(count)); }

const Shape kShapes[] = {{1, 16, 1},   {1, 70, 33},   {2, 64, 300}, {3, 33, 65},  {5, 100, 17},
                         {8, 48, 600}, {13, 31, 270}, {25, 16, 64}, {40, 5, 100}, {260, 40, 20}};

TEST(Matmul, PackedElementStandsWhereTheHeaderSays) {
  constexpr int64_t kOut = 37, kIn = 19;
  const auto plain = random_floats(kOut * kIn, 1);
  const auto w = packed(plain, kOut, kIn);
  for (int64_t o = 0; o < 48; ++o) {
    for (int64_t i = 0; i < kIn; ++i) {
      const float want = o < kOut ? plain[static_cast<size_t>(o * kIn + i)] : 0.0f;
      EXPECT_EQ(w[static_cast<size_t>(((o / 16) * kIn + i) * 16 + o % 16)], want);
    }
  }
}

TEST(Matmul, PackingByPartsGivesTheSameAndUnpackingReturnsTheRows) {
  constexpr int64_t kOut = 83, kIn = 35;
  const auto plain = random_floats(kOut * kIn, 2);
  std::vector<float> parts(static_cast<size_t>(packed_size(kOut, kIn)), NAN);
  for (const auto& [begin, end] : {std::pair{0, 5}, {5, 40}, {40, 40}, {40, 64}, {64, 83}}) {
    cpu::pack_rows(plain.data() + begin * kIn, parts.data(), begin, end, kIn);
  }
  EXPECT_TRUE(same_bits(parts, packed(plain, kOut, kIn)));
  EXPECT_TRUE(same_bits(unpacked(parts, kOut, kIn), plain));
  std::vector<float> middle(static_cast<size_t>(50 * kIn));
  cpu::unpack_rows(parts.data(), middle.data(), 7, 57, kIn);
  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), plain.begin() + 7 * kIn));
}

TEST(Matmul, IsOneChainOfFusedMultiplyAddsOnEveryInstructionSet) {
  for (const auto& [rows, out, in] : kShapes) {
    SCOPED_TRACE(testing::Message() << rows << " x " << out << " x " << in);
    const auto x = random_floats(rows * in, 3), w = random_floats(out * in, 4);
    const auto bias = random_floats(out, 5);
    const auto weight = packed(w, out, in);
    auto want = chains(
        rows, out, in, zeros(rows * out), [&](int64_t r, int64_t k) { return x[r * in + k]; },
        [&](int64_t k, int64_t c) { return w[c * in + k]; });
    for (const bool with_bias : {false, true}) {
      const auto got = same_everywhere([&] {
        std::vector<float> y(static_cast<size_t>(rows * out), NAN);
        cpu::matmul(x.data(), weight.data(), with_bias ? bias.data() : nullptr, y.data(), rows, out,
                    in);
        return y;
      });
      if (with_bias) {
        for (size_t i = 0; i < want.size(); ++i) want[i] += bias[i % static_cast<size_t>(out)];
      }
      EXPECT_TRUE(same_bits(got, want));
    }
  }
}

TEST(Matmul, IsCloseToDoublePrecision) {
  constexpr int64_t kRows = 7, kOut = 50, kIn = 900;
  const auto x = random_floats(kRows * kIn, 6), w = random_floats(kOut * kIn, 7);
  std::vector<double> want(kRows * kOut);
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t o = 0; o < kOut; ++o) {
      for (int64_t i = 0; i < kIn; ++i) {
        want[r * kOut + o] += double{x[r * kIn + i]} * w[o * kIn + i];
      }
    }
  }
  std::vector<float> y(kRows * kOut);
  cpu::matmul(x.data(), packed(w, kOut, kIn).data(), nullptr, y.data(), kRows, kOut, kIn);
  expect_close(y, want, 1e-5);  // 900 roundings of partial sums of about 10, as a random walk
}

TEST(Matmul, ARowDoesNotDependOnTheOthers) {
  constexpr int64_t kRows = 300, kOut = 90, kIn = 130;
  const auto x = random_floats(kRows * kIn, 8);
  const auto weight = packed(random_floats(kOut * kIn, 9), kOut, kIn);
  std::vector<float> all(kRows * kOut);
  cpu::matmul(x.data(), weight.data(), nullptr, all.data(), kRows, kOut, kIn);
  for (const int64_t count : {1, 2, 3, 4, 7, 12, 13, 50, 241}) {
    const int64_t begin = 31;
    std::vector<float> some(static_cast<size_t>(count * kOut));
    cpu::matmul(x.data() + begin * kIn, weight.data(), nullptr, some.data(), count, kOut, kIn);
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin() + begin * kOut)) << count;
  }
}

TEST(Matmul, GradientOfTheInputIsOneChainOverTheOutputs) {
  for (const auto& [rows, out, in] : kShapes) {
    SCOPED_TRACE(testing::Message() << rows << " x " << out << " x " << in);
    const auto dy = random_floats(rows * out, 10), w = random_floats(out * in, 11);
    const auto before = random_floats(rows * in, 12);
    const auto weight = packed(w, out, in);
    for (const bool accumulate : {false, true}) {
      const auto want = chains(
          rows, in, out, accumulate ? before : zeros(rows * in),
          [&](int64_t r, int64_t k) { return dy[r * out + k]; },
          [&](int64_t k, int64_t c) { return w[k * in + c]; });
      const auto got = same_everywhere([&] {
        auto dx = accumulate ? before : std::vector<float>(before.size(), NAN);
        cpu::matmul_grad_input(dy.data(), weight.data(), dx.data(), rows, out, in, accumulate);
        return dx;
      });
      EXPECT_TRUE(same_bits(got, want));
    }
  }
}

TEST(Matmul, GradientOfTheWeightIsOneChainOverTheRows) {
  for (const auto& [rows, out, in] : kShapes) {
    SCOPED_TRACE(testing::Message() << rows << " x " << out << " x " << in);
    const auto dy = random_floats(rows * out, 13), x = random_floats(rows * in, 14);
    const auto before = random_floats(out * in, 15);
    const auto want = chains(
        out, in, rows, before, [&](int64_t r, int64_t k) { return dy[k * out + r]; },
        [&](int64_t k, int64_t c) { return x[k * in + c]; });
    const auto got = same_everywhere([&] {
      auto dw = packed(before, out, in);
      cpu::matmul_grad_weight(dy.data(), x.data(), dw.data(), rows, out, in);
      return dw;
    });
    EXPECT_TRUE(same_bits(got, packed(want, out, in)));  // padded rows are zero in both
  }
}

TEST(Matmul, GradientOfTheWeightMayComeInSeveralCalls) {
  constexpr int64_t kRows = 290, kOut = 20, kIn = 30;
  const auto dy = random_floats(kRows * kOut, 16), x = random_floats(kRows * kIn, 17);
  std::vector<float> once(static_cast<size_t>(packed_size(kOut, kIn)));
  auto twice = once;
  cpu::matmul_grad_weight(dy.data(), x.data(), once.data(), kRows, kOut, kIn);
  cpu::matmul_grad_weight(dy.data(), x.data(), twice.data(), 101, kOut, kIn);
  cpu::matmul_grad_weight(dy.data() + 101 * kOut, x.data() + 101 * kIn, twice.data(), kRows - 101,
                          kOut, kIn);
  EXPECT_TRUE(same_bits(once, twice));
}

TEST(Matmul, GradientOfTheBiasSumsRowsInOrder) {
  constexpr int64_t kRows = 29, kOut = 300;
  const auto dy = random_floats(kRows * kOut, 18);
  auto want = random_floats(kOut, 19);
  const auto before = want;
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t o = 0; o < kOut; ++o) want[o] += dy[r * kOut + o];
  }
  const auto got = same_everywhere([&] {
    auto db = before;
    cpu::bias_grad(dy.data(), db.data(), kRows, kOut);
    return db;
  });
  EXPECT_TRUE(same_bits(got, want));
}

TEST(Matmul, NoRowsTouchNothingAndNoInputsGiveTheBias) {
  const std::vector<float> bias = {1, 2, 3};
  std::vector<float> y(6, NAN), weight(64, 0.0f);
  cpu::matmul(nullptr, weight.data(), bias.data(), y.data(), 0, 3, 4);
  EXPECT_TRUE(std::isnan(y[0]));
  cpu::matmul(nullptr, weight.data(), bias.data(), y.data(), 2, 3, 0);
  EXPECT_EQ(y, (std::vector<float>{1, 2, 3, 1, 2, 3}));
  std::vector<float> dx(8, NAN);
  cpu::matmul_grad_input(nullptr, weight.data(), dx.data(), 2, 0, 4, false);
  EXPECT_EQ(dx, std::vector<float>(8, 0.0f));
  std::vector<float> dw(64, 5.0f);
  cpu::matmul_grad_weight(nullptr, nullptr, dw.data(), 0, 3, 4);
  EXPECT_EQ(dw, std::vector<float>(64, 5.0f));
}

}  // namespace
}  // namespace grpo::kernels
