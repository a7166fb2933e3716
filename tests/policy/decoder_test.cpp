#include "policy/decoder.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "policy/ops.h"
#include "tests/support/tiny_model.h"

namespace grpo::policy {
namespace {

using kernels::kPageSize;

std::vector<int32_t> random_ids(int64_t count, uint64_t seed, int64_t vocab) {
  Random random(seed);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(static_cast<int32_t>(random.below(static_cast<uint64_t>(vocab))));
  }
  return ids;
}

class DecoderTest : public ::testing::TestWithParam<std::string> {
 protected:
  DecoderTest() : decoder(testing::tiny_config(GetParam())) { initialize(decoder); }

  static void initialize(Decoder& decoder) {
    decoder.initialize(7, 0.3);
    Random random(9);
    // A correction bias of zero would hide a mistake in how it is used.
    for (Parameter& p : decoder.parameters()) {
      if (!p.name.ends_with("correction_bias")) continue;
      for (int64_t i = 0; i < p.value.numel(); ++i) {
        p.value.mutable_data_ptr<float>()[i] = static_cast<float>(0.2 * random.normal());
      }
    }
  }

  Tensor packed(const std::vector<std::vector<int32_t>>& sequences) {
    const at::NoGradGuard no_grad;
    PackedTokens tokens;
    for (const auto& s : sequences) tokens.append(s);
    return decoder.forward(tokens);
  }

  Decoder decoder;
};

/// Sum of c_t * log-probability over a fixed batch: a scalar that reaches every parameter.
double objective(Decoder& decoder, const std::vector<std::vector<int32_t>>& sequences,
                 bool backward) {
  PackedTokens tokens;
  std::vector<int32_t> targets;
  for (const auto& s : sequences) {
    tokens.append(s);
    targets.insert(targets.end(), s.begin() + 1, s.end());
    targets.push_back(s.front());
  }
  const Tensor hidden = decoder.forward(tokens);
  const auto [logprob, entropy] =
      ops::linear_logprob(hidden, decoder.head(), targets, 0.8, decoder.config().vocab_size);
  const Tensor weight = at::linspace(-1, 1, logprob.size(0), at::kDouble);
  const Tensor sum = (logprob.to(at::kDouble) * weight).sum() + 0.3 * entropy.to(at::kDouble).sum();
  if (backward) sum.backward();
  return sum.item<double>();
}

TEST_P(DecoderTest, PagedForwardHasTheBitsOfThePackedOne) {
  const auto a = random_ids(45, 1, 41), b = random_ids(18, 2, 41);
  const Tensor whole = packed({a, b});
  KvPages pages = decoder.make_pages(12);
  const std::vector<int32_t> pages_a = {7, 2, 9}, pages_b = {0, 5};
  const auto run = [&](const std::vector<int32_t>& ids, const std::vector<int32_t>& table,
                       int64_t begin, int64_t end) {
    PagedTokens input;
    input.runs.push_back({0, end - begin, begin, table.data()});
    for (int64_t p = begin; p < end; ++p) {
      input.tokens.push_back(ids[static_cast<size_t>(p)]);
      input.positions.push_back(static_cast<int32_t>(p));
      input.slots.push_back(table[static_cast<size_t>(p / kPageSize)] * kPageSize + p % kPageSize);
    }
    return decoder.forward(input, pages);
  };
  // a: chunks of 20 and 13, then token by token; b: token by token.
  std::vector<Tensor> parts = {run(a, pages_a, 0, 20), run(a, pages_a, 20, 33)};
  for (int64_t p = 33; p < 45; ++p) parts.push_back(run(a, pages_a, p, p + 1));
  for (int64_t p = 0; p < 18; ++p) parts.push_back(run(b, pages_b, p, p + 1));
  EXPECT_TRUE(at::equal(at::cat(parts), whole));
}

TEST_P(DecoderTest, ASequenceDoesNotDependOnItsNeighbours) {
  const auto a = random_ids(30, 3, 41), b = random_ids(17, 4, 41), c = random_ids(1, 5, 41);
  const Tensor alone = packed({b});
  EXPECT_TRUE(at::equal(packed({a, b, c}).narrow(0, 30, 17), alone));
  EXPECT_TRUE(at::equal(packed({c, b, a}).narrow(0, 1, 17), alone));
}

TEST_P(DecoderTest, GradientMatchesFiniteDifference) {
  // Every expert is chosen: where the choice changes the function jumps, and has no derivative.
  ModelConfig smooth_config = testing::tiny_config(GetParam());
  smooth_config.moe.top_k = smooth_config.moe.num_experts;
  Decoder smooth(smooth_config);
  initialize(smooth);
  const std::vector<std::vector<int32_t>> batch = {random_ids(9, 6, 41), random_ids(6, 7, 41)};
  smooth.set_requires_grad(true);
  objective(smooth, batch, true);
  const at::NoGradGuard no_grad;
  Random random(11);
  for (Parameter& p : smooth.parameters()) {
    if (!p.value.requires_grad()) continue;
    ASSERT_TRUE(p.value.grad().defined()) << p.name;
    // Along a random direction, which every element takes part in: one difference per parameter.
    std::vector<float> direction(static_cast<size_t>(p.value.numel()));
    const float* grad = p.value.grad().const_data_ptr<float>();
    float* value = p.value.mutable_data_ptr<float>();
    const std::vector<float> before(value, value + p.value.numel());
    double slope = 0, size = 0;
    for (size_t i = 0; i < direction.size(); ++i) {
      // Padding rows are not weights: they must stay zero and have no gradient.
      const bool padding = p.is_matrix() && before[i] == 0 && grad[i] == 0;
      direction[i] = padding ? 0 : static_cast<float>(random.normal());
      slope += static_cast<double>(direction[i]) * grad[i];
      size += std::abs(static_cast<double>(direction[i]) * grad[i]);
    }
    const double step = 2e-3;
    const auto moved = [&](double by) {
      for (size_t i = 0; i < direction.size(); ++i) {
        value[i] = before[i] + static_cast<float>(by * direction[i]);
      }
      return objective(smooth, batch, false);
    };
    const double up = moved(step), down = moved(-step);
    const double up2 = moved(2 * step), down2 = moved(-2 * step);
    std::copy(before.begin(), before.end(), value);
    // Fourth-order central difference; the float32 forward leaves about 1e-5 / step of noise.
    const double expected = (8 * (up - down) - (up2 - down2)) / (12 * step);
    const double tolerance = 0.02 * size / std::sqrt(static_cast<double>(direction.size())) + 0.02;
    EXPECT_NEAR(slope, expected, tolerance) << p.name;
  }
}

TEST_P(DecoderTest, FrozenParametersGetNoGradient) {
  decoder.set_requires_grad(true);
  Parameter& frozen = decoder.parameter("layers.0.attention.o");
  frozen.value.set_requires_grad(false);
  objective(decoder, {random_ids(5, 8, 41)}, true);
  EXPECT_FALSE(frozen.value.grad().defined());
  EXPECT_TRUE(decoder.parameter("final_norm").value.grad().defined());
}

INSTANTIATE_TEST_SUITE_P(Kinds, DecoderTest, ::testing::ValuesIn(testing::tiny_kinds()),
                         [](const auto& kind) { return kind.param; });

TEST(Decoder, RefusesTokensOutsideTheVocabulary) {
  Decoder decoder(testing::tiny_config("tied"));
  PackedTokens tokens;
  const std::vector<int32_t> ids = {1, 41};
  tokens.append(ids);
  EXPECT_THROW(decoder.forward(tokens), Error);
}

}  // namespace
}  // namespace grpo::policy
