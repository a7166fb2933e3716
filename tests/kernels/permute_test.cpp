#include "kernels/permute.h"

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

struct Order {
  std::vector<int64_t> offsets;
  std::vector<int32_t> row_of_slot, token_of_row;
};

Order order(const std::vector<int32_t>& expert, int64_t top_k, int64_t experts) {
  Order o{std::vector<int64_t>(static_cast<size_t>(experts) + 1, -1),
          std::vector<int32_t>(expert.size()), std::vector<int32_t>(expert.size())};
  cpu::expert_order(expert.data(), static_cast<int64_t>(expert.size()) / top_k, top_k, experts,
                    o.offsets.data(), o.row_of_slot.data(), o.token_of_row.data());
  return o;
}

TEST(Permute, SortsSlotsByExpertStablyByHand) {
  // Tokens choose (3, 0), (0, 3), (3, 1): expert 2 has none.
  const Order o = order({3, 0, 0, 3, 3, 1}, 2, 4);
  EXPECT_EQ(o.offsets, (std::vector<int64_t>{0, 2, 3, 3, 6}));
  EXPECT_EQ(o.row_of_slot, (std::vector<int32_t>{3, 0, 1, 4, 5, 2}));
  EXPECT_EQ(o.token_of_row, (std::vector<int32_t>{0, 1, 2, 0, 1, 2}));
}

TEST(Permute, NoTokensGiveEmptyExperts) {
  EXPECT_EQ(order({}, 2, 3).offsets, (std::vector<int64_t>{0, 0, 0, 0}));
}

class PermuteTest : public testing::TestWithParam<int64_t> {
 protected:
  static constexpr int64_t kTokens = 40, kTopK = 3, kExperts = 7;
  const int64_t dim = GetParam();
  std::vector<int32_t> expert;
  Order o;
  const std::vector<float> weight = random_floats(kTokens * kTopK, 1);
  const std::vector<float> rows = random_floats(kTokens * kTopK * dim, 2);

  PermuteTest() {
    for (int32_t i = 0; i < kTokens * kTopK; ++i) expert.push_back(i * i % kExperts);
    o = order(expert, kTopK, kExperts);
  }

  std::vector<double> combined(const std::vector<double>& x, const std::vector<double>& w) const {
    std::vector<double> y(static_cast<size_t>(kTokens * dim));
    for (int64_t slot = 0; slot < kTokens * kTopK; ++slot) {
      for (int64_t j = 0; j < dim; ++j) {
        y[slot / kTopK * dim + j] += w[slot] * x[o.row_of_slot[slot] * dim + j];
      }
    }
    return y;
  }
};

TEST_P(PermuteTest, GatherBringsEveryTokenToItsExperts) {
  const auto x = random_floats(kTokens * dim, 3);
  const auto y = same_everywhere([&] {
    std::vector<float> result(rows.size());
    cpu::gather_rows(x.data(), o.token_of_row.data(), result.data(), kTokens * kTopK, dim);
    return result;
  });
  for (int64_t slot = 0; slot < kTokens * kTopK; ++slot) {
    const int64_t row = o.row_of_slot[slot];
    EXPECT_TRUE(row >= o.offsets[expert[slot]] && row < o.offsets[expert[slot] + 1]);
    for (int64_t j = 0; j < dim; ++j) EXPECT_EQ(y[row * dim + j], x[slot / kTopK * dim + j]);
  }
}

TEST_P(PermuteTest, CombineMatchesTheFormula) {
  const auto start = random_floats(kTokens * dim, 4);
  const std::vector<double> x(rows.begin(), rows.end());
  for (const bool weighted : {true, false}) {
    for (const bool accumulate : {true, false}) {
      const auto y = same_everywhere([&] {
        auto result = start;
        cpu::combine_rows(rows.data(), o.row_of_slot.data(), weighted ? weight.data() : nullptr,
                          result.data(), kTokens, kTopK, dim, accumulate);
        return result;
      });
      std::vector<double> w(weight.begin(), weight.end());
      if (!weighted) w.assign(w.size(), 1.0);
      auto want = combined(x, w);
      if (accumulate) {
        for (size_t i = 0; i < want.size(); ++i) want[i] += start[i];
      }
      expect_close(y, want, 1e-6);
    }
  }
}

TEST_P(PermuteTest, GradientMatchesFiniteDifference) {
  const auto dy = random_floats(kTokens * dim, 5);
  const auto both = same_everywhere([&] {
    std::vector<float> d(rows.size() + weight.size());
    cpu::combine_rows_backward(dy.data(), rows.data(), o.row_of_slot.data(), weight.data(),
                               d.data(), d.data() + rows.size(), kTokens, kTopK, dim);
    return d;
  });
  const std::vector<double> x(rows.begin(), rows.end()), w(weight.begin(), weight.end());
  auto want = numeric_gradient([&](const auto& v) { return combined(v, w); }, rows, dy);
  const auto dweight = numeric_gradient([&](const auto& v) { return combined(x, v); }, weight, dy);
  want.insert(want.end(), dweight.begin(), dweight.end());
  expect_close(both, want, 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Dims, PermuteTest, testing::Values(1, 16, 21, 48));

}  // namespace
}  // namespace grpo::kernels
