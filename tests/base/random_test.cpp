#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace grpo {
namespace {

using Block = std::array<uint32_t, 4>;

// Random123, tests/kat_vectors, philox4x32 with 10 rounds.
TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformLiesStrictlyBetweenZeroAndOne) {
  EXPECT_EQ(uniform_float(0), 0x1p-24f);
  EXPECT_EQ(uniform_float(0xffffffff), 1 - 0x1p-24f);
  EXPECT_EQ(uniform_double(0), 0x1p-53);
  EXPECT_EQ(uniform_double(~uint64_t{0}), 1 - 0x1p-53);
  EXPECT_EQ(uniform(0, 0, 0), uniform_float(0x6627e8d5));
  EXPECT_EQ(uniform<double>(0, 0, 0), uniform_double(0xe169c58d6627e8d5));
}

TEST(Philox, SeedSequenceAndPositionAllMatter) {
  EXPECT_NE(uniform(1, 2, 3), uniform(2, 2, 3));
  EXPECT_NE(uniform(1, 2, 3), uniform(1, 3, 3));
  EXPECT_NE(uniform(1, 2, 3), uniform(1, 2, 4));
  EXPECT_NE(uniform(1, 2, 3), uniform(uint64_t{1} << 32 | 1, 2, 3));
}

TEST(Random, ContinuesFromItsState) {
  Random whole(7, 1);
  std::vector<uint64_t> expected;
  for (int i = 0; i < 9; ++i) expected.push_back(whole.next_u64());
  Random first(7, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(first.next_u64(), expected[i]);
  Random second(first.state());
  for (int i = 5; i < 9; ++i) EXPECT_EQ(second.next_u64(), expected[i]);
  EXPECT_EQ(second.state(), whole.state());
}

TEST(Random, BelowIsInRangeAndEven) {
  Random random(3);
  std::array<int, 6> counts{};
  for (int i = 0; i < 60000; ++i) ++counts[random.below(6)];
  // Standard deviation of a count is sqrt(60000 * 5 / 36) = 91; five of them.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 456);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, NormalHasMeanZeroAndVarianceOne) {
  Random random(11);
  constexpr int kDraws = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_EQ(random.state().position, 2u * kDraws);
}

TEST(Random, ShuffleKeepsTheItems) {
  std::vector<int> items(100);
  std::iota(items.begin(), items.end(), 0);
  auto shuffled = items;
  Random(5).shuffle(std::span(shuffled));
  EXPECT_NE(shuffled, items);
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, items);
}

}  // namespace
}  // namespace grpo
