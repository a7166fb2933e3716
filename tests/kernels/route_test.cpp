#include "kernels/route.h"

#include <algorithm>
#include <limits>

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

struct Routed {
  std::vector<float> scores, weight;
  std::vector<int32_t> expert;
};

Routed route(const std::vector<float>& logits, const std::vector<float>& bias,
             const RouteShape& shape) {
  const auto tokens = static_cast<int64_t>(logits.size()) / shape.experts;
  const auto chosen = static_cast<size_t>(tokens * shape.top_k);
  Routed r{std::vector<float>(logits.size()), std::vector<float>(chosen),
           std::vector<int32_t>(chosen)};
  cpu::route_forward(logits.data(), bias.empty() ? nullptr : bias.data(), shape, r.scores.data(),
                     r.expert.data(), r.weight.data(), tokens);
  return r;
}

/// Weights of the chosen experts, then all scores, as functions of the logits.
std::vector<double> reference(const std::vector<double>& logits, const std::vector<int32_t>& expert,
                              const RouteShape& shape) {
  const auto n = static_cast<size_t>(shape.experts), k = static_cast<size_t>(shape.top_k);
  std::vector<double> weights, scores;
  for (size_t t = 0; t * n < logits.size(); ++t) {
    std::vector<double> s(logits.begin() + t * n, logits.begin() + (t + 1) * n);
    double total = 0.0;
    for (double& x : s) total += x = shape.sigmoid ? 1.0 / (1.0 + std::exp(-x)) : std::exp(x);
    if (!shape.sigmoid) {
      for (double& x : s) x /= total;
    }
    double sum = 0.0;
    for (size_t i = 0; i < k; ++i) sum += s[expert[t * k + i]];
    for (size_t i = 0; i < k; ++i) {
      weights.push_back(s[expert[t * k + i]] / (shape.renormalize ? sum : 1.0) * shape.scale);
    }
    scores.insert(scores.end(), s.begin(), s.end());
  }
  weights.insert(weights.end(), scores.begin(), scores.end());
  return weights;
}

/// Sorts all the experts that groups leave, in the words of the paper.
std::vector<int32_t> reference_choice(const std::vector<float>& choice, const RouteShape& shape) {
  const int64_t size = shape.experts / shape.groups;
  std::vector<std::pair<float, int64_t>> groups;
  for (int64_t g = 0; g < shape.groups; ++g) {
    std::vector<float> members(choice.begin() + g * size, choice.begin() + (g + 1) * size);
    std::sort(members.rbegin(), members.rend());
    groups.emplace_back(-(shape.group_top2 && size > 1 ? members[0] + members[1] : members[0]), g);
  }
  std::sort(groups.begin(), groups.end());
  std::vector<std::pair<float, int32_t>> left;
  for (int64_t i = 0; i < shape.top_groups; ++i) {
    for (int64_t e = groups[i].second * size; e < (groups[i].second + 1) * size; ++e) {
      left.emplace_back(-choice[e], static_cast<int32_t>(e));
    }
  }
  std::sort(left.begin(), left.end());
  std::vector<int32_t> chosen;
  for (int64_t i = 0; i < shape.top_k; ++i) chosen.push_back(left[i].second);
  return chosen;
}

const RouteShape kShapes[] = {
    {8, 2, false, true, 1.0f, 1, 1, true},     {60, 4, false, false, 1.0f, 1, 1, true},
    {64, 6, false, false, 16.0f, 8, 3, false}, {64, 8, true, true, 2.5f, 8, 4, true},
    {20, 3, true, false, 1.5f, 5, 2, true},    {3, 3, false, true, 1.0f, 3, 3, true},
    {4, 2, true, true, 1.0f, 4, 2, true}};

class RouteTest : public testing::TestWithParam<RouteShape> {
 protected:
  static constexpr int64_t kTokens = 150;
  const RouteShape shape = GetParam();
  const std::vector<float> logits = random_floats(kTokens * shape.experts, 1, 3.0f);
  const std::vector<float> bias = random_floats(shape.experts, 2, 0.3f);
};

TEST_P(RouteTest, ChoosesAsASortOfAllExpertsWouldWithTheSameBitsEverywhere) {
  for (const auto& used_bias : {std::vector<float>(), bias}) {
    const Routed r = route(logits, used_bias, shape);
    const auto n = static_cast<size_t>(shape.experts), k = static_cast<size_t>(shape.top_k);
    for (size_t t = 0; t < kTokens; ++t) {
      std::vector<float> choice(r.scores.begin() + t * n, r.scores.begin() + (t + 1) * n);
      for (size_t e = 0; e < used_bias.size(); ++e) choice[e] += used_bias[e];
      EXPECT_EQ(std::vector<int32_t>(r.expert.begin() + t * k, r.expert.begin() + (t + 1) * k),
                reference_choice(choice, shape));
    }
    const auto all = same_everywhere([&] {
      const Routed again = route(logits, used_bias, shape);
      EXPECT_EQ(again.expert, r.expert);
      auto values = again.weight;
      values.insert(values.end(), again.scores.begin(), again.scores.end());
      return values;
    });
    expect_close(all, reference({logits.begin(), logits.end()}, r.expert, shape), 1e-6);
  }
}

TEST_P(RouteTest, ReplayOfItsOwnChoiceGivesTheSameWeights) {
  const Routed r = route(logits, bias, shape);
  std::vector<float> scores(r.scores.size()), weight(r.weight.size());
  cpu::route_replay(logits.data(), r.expert.data(), shape, scores.data(), weight.data(), kTokens);
  EXPECT_TRUE(same_bits(scores, r.scores));
  EXPECT_TRUE(same_bits(weight, r.weight));
}

TEST_P(RouteTest, GradientMatchesFiniteDifference) {
  const int64_t tokens = 3;
  const std::vector<float> few(logits.begin(), logits.begin() + tokens * shape.experts);
  const Routed r = route(few, bias, shape);
  const auto dweight = random_floats(tokens * shape.top_k, 3);
  const auto dscores = random_floats(tokens * shape.experts, 4);
  const auto backward = [&](const float* with_scores) {
    return same_everywhere([&] {
      std::vector<float> d(few.size());
      cpu::route_backward(dweight.data(), with_scores, r.scores.data(), r.expert.data(), shape,
                          d.data(), tokens);
      return d;
    });
  };
  const auto f = [&](const std::vector<double>& x) { return reference(x, r.expert, shape); };
  auto both = dweight;
  both.resize(dweight.size() + few.size(), 0.0f);
  expect_close(backward(nullptr), numeric_gradient(f, few, both), 2e-6);
  std::copy(dscores.begin(), dscores.end(), both.begin() + dweight.size());
  expect_close(backward(dscores.data()), numeric_gradient(f, few, both), 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RouteTest, testing::ValuesIn(kShapes));

TEST(Route, SoftmaxThenTopTwoByHand) {
  // exp of the logits: 1, 3, 2, 4; sum 10.
  const std::vector<float> logits = {0.0f, std::log(3.0f), std::log(2.0f), std::log(4.0f)};
  RouteShape shape{4, 2};
  const Routed r = route(logits, {}, shape);
  EXPECT_EQ(r.expert, (std::vector<int32_t>{3, 1}));
  expect_close(r.scores, std::vector<double>{0.1, 0.3, 0.2, 0.4}, 1e-6);
  expect_close(r.weight, std::vector<double>{4.0 / 7.0, 3.0 / 7.0}, 1e-6);
  shape.renormalize = false;
  shape.scale = 10.0f;
  expect_close(route(logits, {}, shape).weight, std::vector<double>{4.0, 3.0}, 1e-6);
}

TEST(Route, BiasChangesTheChoiceButNotTheWeightByHand) {
  // Sigmoids 0.5, 0.75, 0.8, 0.25; with the bias 1.5, 0.75, 0.8, 1.25.
  const std::vector<float> logits = {0.0f, std::log(3.0f), std::log(4.0f), -std::log(3.0f)};
  RouteShape shape{4, 2, true};
  shape.scale = 3.0f;
  const Routed r = route(logits, {1.0f, 0.0f, 0.0f, 1.0f}, shape);
  EXPECT_EQ(r.expert, (std::vector<int32_t>{0, 3}));
  expect_close(r.weight, std::vector<double>{2.0, 1.0}, 1e-6);
}

TEST(Route, GroupsAreRankedByTwoBestOrByBestByHand) {
  // Three groups of two. Sigmoids, in percent: 90 10 | 60 60 | 70 20.
  std::vector<float> logits;
  for (const double s : {0.9, 0.1, 0.6, 0.6, 0.7, 0.2}) {
    logits.push_back(static_cast<float>(std::log(s / (1.0 - s))));
  }
  RouteShape shape{6, 2, true, false, 1.0f, 3, 1, true};
  EXPECT_EQ(route(logits, {}, shape).expert, (std::vector<int32_t>{2, 3}));  // 1.2 beats 1.0, 0.9
  shape.group_top2 = false;
  EXPECT_EQ(route(logits, {}, shape).expert, (std::vector<int32_t>{0, 1}));
  shape.top_groups = 2;
  EXPECT_EQ(route(logits, {}, shape).expert, (std::vector<int32_t>{0, 4}));
  // A bias far below zero does not open the groups that are out.
  EXPECT_EQ(route(logits, {-5, -5, -9, -9, -5, -5}, shape).expert, (std::vector<int32_t>{0, 4}));
}

TEST(Route, TiesGoToTheSmallerId) {
  const RouteShape shape{6, 3, false, true, 1.0f, 3, 2, true};
  EXPECT_EQ(route(std::vector<float>(6, 0.5f), {}, shape).expert, (std::vector<int32_t>{0, 1, 2}));
}

TEST(Route, SigmoidsThatUnderflowGiveZeroWeightsNotNan) {
  const RouteShape shape{4, 2, true};
  const Routed r = route(std::vector<float>(4, -200.0f), {}, shape);
  for (const float w : r.weight) EXPECT_TRUE(std::isfinite(w));
}

TEST(Route, NanLogitsStillGiveValidDistinctExperts) {
  const RouteShape shape{4, 3};
  const Routed r = route(std::vector<float>(4, std::numeric_limits<float>::quiet_NaN()), {}, shape);
  EXPECT_EQ(r.expert, (std::vector<int32_t>{0, 1, 2}));
  EXPECT_TRUE(std::isnan(r.weight[0]));  // the fault stays visible
}

}  // namespace
}  // namespace grpo::kernels
