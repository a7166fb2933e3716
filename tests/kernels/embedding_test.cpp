#include "kernels/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/matmul.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

constexpr int64_t kVocab = 45, kDim = 150, kTokens = 20;

std::vector<int32_t> ids() {
  std::vector<int32_t> some;
  for (int32_t t = 0; t < kTokens; ++t) some.push_back(t * 17 % 45 / 2 * 2);  // some come twice
  some[3] = 44;
  some[9] = 44;
  return some;
}

std::vector<float> pack(const std::vector<float>& plain) {
  std::vector<float> packed(static_cast<size_t>(packed_size(kVocab, kDim)));
  cpu::pack_rows(plain.data(), packed.data(), 0, kVocab, kDim);
  return packed;
}

TEST(Embedding, TakesRowsOfThePackedTableTimesTheFactor) {
  const auto plain = random_floats(kVocab * kDim, 1);
  const auto table = pack(plain);
  const auto tokens = ids();
  for (const float factor : {1.0f, 12.5f}) {
    const auto got = same_everywhere([&] {
      std::vector<float> y(kTokens * kDim, NAN);
      cpu::embedding_forward(table.data(), tokens.data(), factor, y.data(), kTokens, kDim);
      return y;
    });
    for (int64_t t = 0; t < kTokens; ++t) {
      for (int64_t i = 0; i < kDim; ++i) {
        ASSERT_EQ(got[t * kDim + i], factor * plain[tokens[t] * kDim + i]);
      }
    }
  }
}

TEST(Embedding, GradientAddsTheTokensInOrder) {
  const auto before = random_floats(kVocab * kDim, 2), dy = random_floats(kTokens * kDim, 3);
  const auto tokens = ids();
  auto want = before;
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t i = 0; i < kDim; ++i) want[tokens[t] * kDim + i] += 0.75f * dy[t * kDim + i];
  }
  const auto got = same_everywhere([&] {
    auto dtable = pack(before);
    cpu::embedding_backward(dy.data(), tokens.data(), 0.75f, dtable.data(), kTokens, kDim);
    return dtable;
  });
  EXPECT_TRUE(same_bits(got, pack(want)));
}

}  // namespace
}  // namespace grpo::kernels
