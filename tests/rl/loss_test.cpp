#include "rl/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"

namespace grpo::rl {
namespace {

/// Sequences as plain numbers, from which batches of any subset are made.
struct Answers {
  std::vector<int64_t> lengths;
  std::vector<double> logprob, old_logprob, rollout, reference, entropy;  // all tokens, end to end
  std::vector<double> advantage;
  std::vector<uint8_t> mask;
};

Answers random_answers(uint64_t seed, double old_noise) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  Answers a;
  a.lengths = {5, 1, 7, 3, 4, 6};
  for (const int64_t n : a.lengths) {
    const double advantage = normal(random);
    for (int64_t t = 0; t < n; ++t) {
      a.logprob.push_back(-std::abs(normal(random)) - 0.1);
      a.old_logprob.push_back(a.logprob.back() + old_noise * normal(random));
      a.rollout.push_back(a.old_logprob.back() + 0.2 * normal(random));
      a.reference.push_back(a.logprob.back() + 0.4 * normal(random));
      a.entropy.push_back(std::abs(normal(random)));
      a.advantage.push_back(advantage);
      a.mask.push_back(t % 4 != 2);
    }
  }
  return a;
}

LossScale scale_of(const Answers& a) {
  return {.tokens = std::count(a.mask.begin(), a.mask.end(), 1),
          .completions = static_cast<int64_t>(a.lengths.size())};
}

/// The batch of the sequences `which`, in that order.
LossInputs batch_of(const Answers& a, const std::vector<std::size_t>& which) {
  std::vector<int64_t> index, offsets = {0};
  for (const std::size_t s : which) {
    int64_t begin = 0;
    for (std::size_t i = 0; i < s; ++i) begin += a.lengths[i];
    for (int64_t t = 0; t < a.lengths[s]; ++t) index.push_back(begin + t);
    offsets.push_back(static_cast<int64_t>(index.size()));
  }
  const auto rows = at::tensor(index, at::kLong);
  const auto take = [&](const auto& values) {
    return at::tensor(at::ArrayRef(values)).index_select(0, rows);
  };
  LossInputs in;
  in.logprob = take(a.logprob).set_requires_grad(true);
  in.old_logprob = take(a.old_logprob);
  in.rollout_logprob = take(a.rollout);
  in.ref_logprob = take(a.reference);
  in.entropy = take(a.entropy).set_requires_grad(true);
  in.advantage = take(a.advantage);
  in.mask = take(a.mask);
  in.offsets = at::tensor(offsets, at::kLong);
  return in;
}

LossInputs whole(const Answers& a) { return batch_of(a, {0, 1, 2, 3, 4, 5}); }

double loss_value(const Answers& a, const LossConfig& config) {
  return policy_loss(whole(a), scale_of(a), config).loss.item<double>();
}

Tensor gradient(const Answers& a, const LossConfig& config) {
  const auto in = whole(a);
  policy_loss(in, scale_of(a), config).loss.backward();
  return in.logprob.grad();
}

struct Named {
  std::string name;
  LossConfig config;
};

std::vector<Named> variants() {
  std::vector<Named> all(12);
  all[0].name = "default";
  all[1].name = "grpo";
  all[1].config.aggregate = Aggregate::kSequenceMean;
  all[1].config.kl.weight = 0.3;
  all[2].name = "dr_grpo";
  all[2].config.aggregate = Aggregate::kConstant;
  all[2].config.constant_length = 9;
  all[3].name = "gspo";
  all[3].config.ratio = Ratio::kSequence;
  all[3].config.aggregate = Aggregate::kSequenceMean;
  all[4].name = "unclipped";
  all[4].config.clip.kind = Clip::kNone;
  all[5].name = "sapo";
  all[5].config.clip.kind = Clip::kSapo;
  all[6].name = "dual clip";
  all[6].config.clip.dual = 1.1;
  all[7].name = "k2";
  all[7].config.kl = {.weight = 0.2, .estimator = KlEstimator::kK2};
  all[8].name = "unbiased k3";
  all[8].config.kl = {.weight = 0.2, .estimator = KlEstimator::kK3, .unbiased = true};
  all[9].name = "token mask with a floor";
  all[9].config.correction = {.kind = Correction::kTokenMask, .cap = 1.2, .floor = 0.9};
  all[10].name = "sequence truncate";
  all[10].config.correction = {.kind = Correction::kSequenceTruncate, .cap = 1.1};
  all[11].name = "geometric mask, entropy bonus";
  all[11].config.correction = {.kind = Correction::kGeometricMask, .cap = 1.1, .floor = 0.9};
  all[11].config.entropy_weight = 0.05;
  return all;
}

TEST(PolicyLoss, OneTokenMatchesTheHandCalculation) {
  LossInputs in;
  const auto token = [](double x) { return at::full({1}, x, at::kDouble); };
  in.logprob = token(std::log(0.3)).set_requires_grad(true);
  in.old_logprob = token(std::log(0.25));  // ratio 1.2
  in.advantage = token(2.0);
  in.ref_logprob = token(std::log(0.15));  // reference / policy = 0.5
  in.mask = at::ones({1}, at::kBool);
  in.offsets = at::tensor({0, 1}, at::kLong);
  LossConfig config;
  config.kl.weight = 0.1;
  const auto result = policy_loss(in, {.tokens = 1, .completions = 1}, config);
  const double k3 = 0.5 - std::log(0.5) - 1.0;
  EXPECT_NEAR(result.loss.item<double>(), -1.2 * 2.0 + 0.1 * k3, 1e-14);
  result.loss.backward();
  // DeepSeekMath eq. 21 in a loss's sign, with ratio 1.2: -(ratio A + beta (ref / policy - 1)).
  EXPECT_NEAR(in.logprob.grad().item<double>(), -(1.2 * 2.0 + 0.1 * (0.5 - 1.0)), 1e-14);
  EXPECT_EQ(result.metrics.clipped_high, 0);
}

TEST(PolicyLoss, AClippedTokenHasNoGradient) {
  LossInputs in;
  in.logprob = at::tensor({-1.0, -1.0, -1.0, -1.0}, at::kDouble).set_requires_grad(true);
  in.old_logprob = at::tensor({-1.5, -1.5, -0.5, -0.5}, at::kDouble);  // ratios e^±0.5
  in.advantage = at::tensor({1.0, -1.0, 1.0, -1.0}, at::kDouble);
  in.mask = at::ones({4}, at::kBool);
  in.offsets = at::tensor({0, 4}, at::kLong);
  const auto result = policy_loss(in, {.tokens = 4, .completions = 1}, {});
  result.loss.backward();
  const auto grad = in.logprob.grad();
  EXPECT_EQ(grad[0].item<double>(), 0.0);  // above 1 + high, A > 0
  EXPECT_NEAR(grad[1].item<double>(), std::exp(0.5) / 4, 1e-15);
  EXPECT_NEAR(grad[2].item<double>(), -std::exp(-0.5) / 4, 1e-15);
  EXPECT_EQ(grad[3].item<double>(), 0.0);  // below 1 - low, A < 0
  EXPECT_EQ(result.metrics.clipped_high, 1);
  EXPECT_EQ(result.metrics.clipped_low, 1);
  EXPECT_NEAR(result.metrics.ratio_max, std::exp(0.5), 1e-15);  // before clipping
}

TEST(PolicyLoss, GradientMatchesFiniteDifferences) {
  for (const auto& [name, config] : variants()) {
    Answers a = random_answers(3, 0.15);
    const auto grad = gradient(a, config);
    constexpr double kStep = 1e-6;
    for (std::size_t t = 0; t < a.logprob.size(); ++t) {
      const double at_t = a.logprob[t];
      a.logprob[t] = at_t + kStep;
      const double above = loss_value(a, config);
      a.logprob[t] = at_t - kStep;
      const double below = loss_value(a, config);
      a.logprob[t] = at_t;
      // Central differences: rounding 1e-16 / 1e-6 and a third-order term near 1e-12.
      const double numeric = (above - below) / (2 * kStep);
      EXPECT_NEAR(grad[static_cast<int64_t>(t)].item<double>(), numeric, 1e-8) << name << " " << t;
    }
  }
}

TEST(PolicyLoss, ValueGradientAndMetricsDoNotDependOnTheMicroBatchSplit) {
  const std::vector<std::vector<std::vector<std::size_t>>> splits = {
      {{0}, {1}, {2}, {3}, {4}, {5}}, {{5, 1}, {3, 0, 4}, {2}}, {{2, 0, 5, 4, 1, 3}}};
  for (auto [name, config] : variants()) {
    const Answers a = random_answers(5, 0.3);
    const auto in = whole(a);
    const auto once = policy_loss(in, scale_of(a), config);
    once.loss.backward();
    for (const auto& split : splits) {
      double value = 0;
      LossMetrics metrics;
      auto grad = at::zeros_like(in.logprob.grad());
      for (const auto& which : split) {
        const auto part = batch_of(a, which);
        const auto result = policy_loss(part, scale_of(a), config);
        result.loss.backward();
        value += result.loss.item<double>();
        metrics.add(result.metrics);
        int64_t at_token = 0;
        for (const std::size_t s : which) {
          int64_t begin = 0;
          for (std::size_t i = 0; i < s; ++i) begin += a.lengths[i];
          grad.narrow(0, begin, a.lengths[s])
              .copy_(part.logprob.grad().narrow(0, at_token, a.lengths[s]));
          at_token += a.lengths[s];
        }
      }
      EXPECT_NEAR(value, once.loss.item<double>(), 1e-14) << name;
      EXPECT_TRUE(at::allclose(grad, in.logprob.grad(), 0, 1e-15)) << name;
      const auto expected = once.metrics.named(), got = metrics.named();
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i].second, expected[i].second, 1e-13) << name << " " << got[i].first;
      }
    }
  }
}

TEST(PolicyLoss, AllClippedVariantsHaveTheSameGradientOnPolicy) {
  Answers a = random_answers(11, 0.0);
  const auto reference = gradient(a, {});
  for (std::size_t t = 0; t < a.mask.size(); ++t) {  // -A / N where trained
    const double expected = a.mask[t] ? -a.advantage[t] / scale_of(a).tokens : 0.0;
    EXPECT_NEAR(reference[static_cast<int64_t>(t)].item<double>(), expected, 1e-15);
  }
  for (const auto kind : {Clip::kPpo, Clip::kCispo, Clip::kSapo, Clip::kNone}) {
    for (const auto ratio : {Ratio::kToken, Ratio::kSequence}) {
      LossConfig config;
      config.clip.kind = kind;
      config.ratio = ratio;
      EXPECT_TRUE(at::allclose(gradient(a, config), reference, 0, 1e-15));
    }
  }
}

TEST(PolicyLoss, GspoOfOneTokenIsGrpo) {
  Answers a = random_answers(13, 0.3);
  a.lengths.assign(a.logprob.size(), 1);
  a.mask.assign(a.logprob.size(), 1);
  std::vector<std::size_t> all(a.lengths.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  const auto token = batch_of(a, all), sequence = batch_of(a, all);
  LossConfig config;
  const auto grpo = policy_loss(token, scale_of(a), config);
  config.ratio = Ratio::kSequence;
  const auto gspo = policy_loss(sequence, scale_of(a), config);
  grpo.loss.backward();
  gspo.loss.backward();
  EXPECT_NEAR(grpo.loss.item<double>(), gspo.loss.item<double>(), 1e-15);
  EXPECT_TRUE(at::allclose(token.logprob.grad(), sequence.logprob.grad(), 0, 1e-15));
}

TEST(PolicyLoss, MaskedTokensMayHoldAnything) {
  const Answers clean = random_answers(17, 0.3);
  Answers dirty = clean;
  for (std::size_t t = 0; t < dirty.mask.size(); ++t) {
    if (dirty.mask[t]) continue;
    dirty.logprob[t] = dirty.old_logprob[t] = std::numeric_limits<double>::quiet_NaN();
    dirty.rollout[t] = dirty.reference[t] = std::numeric_limits<double>::infinity();
    dirty.advantage[t] = std::numeric_limits<double>::quiet_NaN();
  }
  for (const auto& [name, config] : variants()) {
    EXPECT_EQ(loss_value(clean, config), loss_value(dirty, config)) << name;
    EXPECT_TRUE(at::equal(gradient(clean, config), gradient(dirty, config))) << name;
  }
}

TEST(PolicyLoss, ABatchWithoutTrainedTokensIsZeroWithZeroGradient) {
  Answers a = random_answers(19, 0.3);
  const LossScale scale = scale_of(a);
  a.mask.assign(a.mask.size(), 0);
  for (const auto& [name, config] : variants()) {
    const auto in = whole(a);
    const auto result = policy_loss(in, scale, config);
    result.loss.backward();
    EXPECT_EQ(result.loss.item<double>(), 0.0) << name;
    EXPECT_EQ(in.logprob.grad().abs().sum().item<double>(), 0.0) << name;
  }
}

TEST(PolicyLoss, HugeRatiosKeepTheGradientFinite) {
  Answers a = random_answers(23, 0.3);
  a.old_logprob[0] = -2000;
  a.reference[1] = -2000;
  for (const auto& [name, config] : variants()) {
    EXPECT_TRUE(gradient(a, config).isfinite().all().item<bool>()) << name;
  }
}

TEST(PolicyLoss, TheEntropyBonusReachesTheEntropyOnly) {
  const Answers a = random_answers(29, 0.3);
  LossConfig config;
  const auto plain = gradient(a, config);
  config.entropy_weight = 0.5;
  const auto in = whole(a);
  policy_loss(in, scale_of(a), config).loss.backward();
  EXPECT_TRUE(at::equal(in.logprob.grad(), plain));
  const auto expected = in.mask.to(at::kDouble) * (-0.5 / scale_of(a).tokens);
  EXPECT_TRUE(at::allclose(in.entropy.grad(), expected, 0, 1e-16));
}

TEST(PolicyLoss, StaleBadAnswersAreDropped) {
  Answers a = random_answers(31, 0.1);
  const auto change = [&](int64_t sequence, double advantage, double rollout_gap) {
    int64_t begin = 0;
    for (int64_t s = 0; s < sequence; ++s) begin += a.lengths[s];
    for (int64_t t = begin; t < begin + a.lengths[sequence]; ++t) {
      a.advantage[t] = advantage;
      a.rollout[t] = a.logprob[t] + rollout_gap;
    }
  };
  for (int64_t s = 0; s < 6; ++s) change(s, 1.0, 0.0);
  change(0, -1.0, 0.6);   // bad and stale: dropped
  change(2, 1.0, 0.6);    // good
  change(3, -1.0, -0.6);  // likelier now than then
  LossConfig config;
  config.clip.kind = Clip::kNone;
  config.correction.stale_gap = 0.5;
  const auto grad = gradient(a, config);
  EXPECT_EQ(grad.narrow(0, 0, 5).abs().sum().item<double>(), 0.0);
  EXPECT_GT(grad.narrow(0, 6, 7).abs().sum().item<double>(), 0.0);
  EXPECT_GT(grad.narrow(0, 13, 3).abs().sum().item<double>(), 0.0);
}

TEST(PolicyLoss, MismatchIsMeasuredWhereTheSamplersLogprobsAreGiven) {
  LossInputs in;
  in.logprob = at::tensor({-1.0, -2.0}, at::kDouble);
  in.old_logprob = at::tensor({-1.1, -2.0}, at::kDouble);
  in.rollout_logprob = at::tensor({-1.0, -2.3}, at::kDouble);
  in.advantage = at::ones({2}, at::kDouble);
  in.mask = at::ones({2}, at::kBool);
  in.offsets = at::tensor({0, 2}, at::kLong);
  const auto m = policy_loss(in, {.tokens = 2, .completions = 1}, {}).metrics;
  EXPECT_EQ(m.mismatch_tokens, m.tokens);
  EXPECT_NEAR(m.mismatch_abs, 0.4, 1e-15);
  EXPECT_NEAR(m.mismatch_abs_max, 0.3, 1e-15);
  EXPECT_NEAR(m.mismatch_exp, std::exp(0.1) + std::exp(0.3), 1e-14);
  EXPECT_NEAR(m.old_minus_new, -0.1, 1e-15);
}

TEST(PolicyLoss, Float32InputsGetFloat32Gradients) {
  const Answers a = random_answers(37, 0.3);
  const auto in64 = whole(a);
  auto in32 = whole(a);
  in32.logprob = in32.logprob.detach().to(at::kFloat).set_requires_grad(true);
  policy_loss(in64, scale_of(a), {}).loss.backward();
  policy_loss(in32, scale_of(a), {}).loss.backward();
  EXPECT_EQ(in32.logprob.grad().scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(in32.logprob.grad().to(at::kDouble), in64.logprob.grad(), 1e-5, 1e-7));
}

TEST(PolicyLoss, RefusesMissingAndMisshapenInputs) {
  const Answers a = random_answers(41, 0.3);
  LossConfig with_kl;
  with_kl.kl.weight = 0.1;
  const auto refused = [&](auto change, const LossConfig& config) {
    LossInputs in = whole(a);
    LossScale scale = scale_of(a);
    change(in, scale);
    EXPECT_THROW(policy_loss(in, scale, config), Error);
  };
  refused([](LossInputs& in, LossScale&) { in.old_logprob = Tensor(); }, {});
  refused([](LossInputs& in, LossScale&) { in.ref_logprob = Tensor(); }, with_kl);
  refused([](LossInputs& in, LossScale&) { in.advantage = in.advantage.slice(0, 1); }, {});
  refused([](LossInputs& in, LossScale&) { in.advantage = in.advantage / 0.0; }, {});
  refused([](LossInputs& in, LossScale&) { in.offsets = in.offsets.slice(0, 0, 3); }, {});
  refused([](LossInputs& in, LossScale&) { in.offsets = in.offsets.flip(0); }, {});
  refused([](LossInputs&, LossScale& s) { s.tokens -= 1; }, {});
  refused([](LossInputs&, LossScale& s) { s.completions = 0; }, {});
}

}  // namespace
}  // namespace grpo::rl
