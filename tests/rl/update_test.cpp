#include "rl/update.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_model.h"

namespace grpo::rl {
namespace {

constexpr int64_t kVocab = 41;

std::vector<Sequence> random_sequences(uint64_t seed) {
  Random random(seed);
  std::vector<Sequence> sequences;
  for (const int64_t length : {9, 4, 16, 2, 7, 12, 15, 5}) {
    Sequence s;
    for (int64_t t = 0; t < length; ++t) {
      s.tokens.push_back(static_cast<int32_t>(random.below(kVocab)));
      s.trained.push_back(t >= 1 + length / 3);
      s.rollout_logprob.push_back(static_cast<float>(-3 + 0.2 * random.normal()));
    }
    s.trained.back() = 1;
    s.advantage = random.normal();
    sequences.push_back(std::move(s));
  }
  return sequences;
}

policy::ModelConfig config_of(const std::string& kind) { return testing::tiny_config(kind); }

std::vector<Tensor> weights(const policy::Decoder& decoder) {
  std::vector<Tensor> copies;
  for (const auto& p : decoder.parameters()) copies.push_back(p.value.detach().clone());
  return copies;
}

void expect_equal_weights(const std::vector<Tensor>& before, const policy::Decoder& decoder) {
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(at::equal(before[i], decoder.parameters()[i].value.detach()))
        << decoder.parameters()[i].name;
  }
}

UpdateSettings settings_of(const std::vector<Sequence>& sequences) {
  UpdateSettings settings;
  settings.vocab = kVocab;
  settings.completions = loss_scale(sequences).completions;
  return settings;
}

UpdateResult learn_by_heart(policy::Decoder& decoder, Optimizer& optimizer,
                            const std::vector<Sequence>& sequences, const UpdateSettings& settings,
                            int64_t max_tokens = 4096) {
  return update(decoder, optimizer, pack(sequences, max_tokens),
                cross_entropy(loss_scale(sequences)), settings);
}

class UpdateTest : public ::testing::TestWithParam<std::string> {
 protected:
  UpdateTest() : decoder(config_of(GetParam())) { decoder.initialize(7, 0.3); }

  policy::Decoder decoder;
};

TEST_P(UpdateTest, TheSplitIntoMicroBatchesChangesNoGradient) {
  const auto sequences = random_sequences(1);
  UpdateSettings settings = settings_of(sequences);
  settings.moe.balance_loss = 0.05;
  LossConfig loss;
  loss.entropy_weight = 0.01;
  // Without momentum's memory and with an eps far above the gradients, a step is -rate / eps times
  // the gradient: weights show gradients, not only their signs.
  const OptimizerConfig plain = {
      .learning_rate = 1e3, .beta1 = 0, .beta2 = 0, .eps = 1e4, .clip_norm = 0};
  std::vector<Tensor> moves[2];
  UpdateResult results[2];
  ASSERT_GT(pack(sequences, 16).size(), 4u);
  ASSERT_EQ(pack(sequences, 4096).size(), 1u);
  for (const int split : {0, 1}) {
    decoder.initialize(7, 0.3);
    const auto before = weights(decoder);
    Optimizer optimizer(plain, decoder);
    results[split] =
        update(decoder, optimizer, pack(sequences, split == 0 ? 4096 : 16),
               grpo_loss(loss, loss_scale(sequences), false, nullptr, 1.0, kVocab), settings);
    ASSERT_FALSE(results[split].skipped);
    for (size_t i = 0; i < before.size(); ++i) {
      moves[split].push_back(decoder.parameters()[i].value.detach() - before[i]);
    }
  }
  EXPECT_NEAR(results[1].loss, results[0].loss, 1e-6 * std::abs(results[0].loss));
  EXPECT_NEAR(results[1].balance_loss, results[0].balance_loss, 1e-6 * results[0].balance_loss);
  // Float32 sums in another order: 1e-6 of the norm.
  EXPECT_NEAR(results[1].grad_norm, results[0].grad_norm, 1e-6 * results[0].grad_norm);
  EXPECT_EQ(results[1].expert_load, results[0].expert_load);
  for (size_t i = 0; i < moves[0].size(); ++i) {
    const double size = moves[0][i].abs().max().item<double>();
    const double difference = (moves[0][i] - moves[1][i]).abs().max().item<double>();
    // A weight near 1 moves by about 0.1 in steps of its own rounding, 6e-8.
    EXPECT_LE(difference, 1e-5 * size + 5e-7) << decoder.parameters()[i].name << " of " << size;
  }
}

TEST_P(UpdateTest, AnUpdateOnDemonstrationsLowersTheirLoss) {
  const auto sequences = random_sequences(2);
  Optimizer optimizer({.learning_rate = 1e-3}, decoder);
  const UpdateSettings settings = settings_of(sequences);
  const double first = learn_by_heart(decoder, optimizer, sequences, settings).loss;
  const double second = learn_by_heart(decoder, optimizer, sequences, settings).loss;
  EXPECT_GT(first, std::log(2.0));
  EXPECT_LT(second, first - 0.01);
}

TEST_P(UpdateTest, AnUpdateByAdvantageMovesProbabilityTowardsTheBetterAnswer) {
  auto sequences = random_sequences(3);
  sequences.resize(2);
  sequences[0].advantage = 1;
  sequences[1].advantage = -1;
  const auto mean_logprob = [&](int64_t i) {
    const std::vector<int64_t> one = {i};
    return forward_trained(decoder, pack_sequences(sequences, one), 1.0, kVocab)
        .logprob.mean()
        .item<double>();
  };
  const double good = mean_logprob(0), bad = mean_logprob(1);
  Optimizer optimizer({.learning_rate = 1e-3}, decoder);
  update(decoder, optimizer, pack(sequences, 4096),
         grpo_loss({}, loss_scale(sequences), true, nullptr, 1.0, kVocab), settings_of(sequences));
  EXPECT_GT(mean_logprob(0), good);
  EXPECT_LT(mean_logprob(1), bad);
}

TEST_P(UpdateTest, ANonFiniteLossOrGradientChangesNothing) {
  const auto sequences = random_sequences(4);
  const UpdateSettings settings = settings_of(sequences);
  Optimizer optimizer({.learning_rate = 1e-2, .weight_decay = 0.1}, decoder);
  const auto before = weights(decoder);
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const double factor : {kNan, std::numeric_limits<double>::infinity(), 1e300}) {
    int64_t calls = 0;
    // The first micro-batch's gradients are there already when the second one fails.
    const BatchLoss loss = [&](const PackedBatch& batch, const TrainedTokens& trained) {
      LossResult part = cross_entropy(loss_scale(sequences))(batch, trained);
      if (++calls == 2) part.loss = part.loss * factor;
      return part;
    };
    const UpdateResult result = update(decoder, optimizer, pack(sequences, 16), loss, settings);
    EXPECT_TRUE(result.skipped) << factor;
    expect_equal_weights(before, decoder);
    EXPECT_EQ(optimizer.num_steps(), 0);
    EXPECT_EQ(optimizer.grad_norm(), 0);
    for (const Tensor& moment : optimizer.first_moments()) {
      EXPECT_TRUE(!moment.defined() || moment.abs().max().item<float>() == 0);
    }
  }
  EXPECT_FALSE(learn_by_heart(decoder, optimizer, sequences, settings).skipped);
}

TEST_P(UpdateTest, TheKlToThePolicyItselfIsZero) {
  const auto sequences = random_sequences(5);
  policy::Decoder reference(config_of(GetParam()));
  reference.initialize(7, 0.3);
  LossConfig loss;
  loss.kl.weight = 0.5;
  Optimizer optimizer({.learning_rate = 1e-2}, decoder);
  const auto loss_of = grpo_loss(loss, loss_scale(sequences), true, &reference, 1.0, kVocab);
  const auto first =
      update(decoder, optimizer, pack(sequences, 64), loss_of, settings_of(sequences));
  EXPECT_TRUE(first.metrics.has_kl);
  EXPECT_EQ(first.metrics.kl_loss, 0);
  // The reference stays where it was while the policy moves away.
  const auto second =
      update(decoder, optimizer, pack(sequences, 64), loss_of, settings_of(sequences));
  EXPECT_GT(second.metrics.kl_loss, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, UpdateTest, ::testing::ValuesIn(testing::tiny_kinds()),
                         [](const auto& kind) { return kind.param; });

TEST(Update, ExpertBiasMovesTowardsEvenLoad) {
  policy::Decoder decoder(config_of("mla"));
  decoder.initialize(7, 0.3);
  const auto sequences = random_sequences(6);
  UpdateSettings settings = settings_of(sequences);
  settings.moe.bias_update_rate = 0.125;
  Optimizer optimizer({.learning_rate = 0}, decoder);
  const auto result = learn_by_heart(decoder, optimizer, sequences, settings);
  ASSERT_EQ(result.expert_load.size(), 1u);
  const auto& load = result.expert_load[0];
  int64_t sum = 0, tokens = 0;
  for (const int64_t n : load) sum += n;
  for (const Sequence& s : sequences) tokens += static_cast<int64_t>(s.tokens.size());
  EXPECT_EQ(sum, 2 * tokens) << "two experts a token";
  const float* bias =
      decoder.parameter("layers.1.ffn.correction_bias").value.const_data_ptr<float>();
  for (size_t e = 0; e < load.size(); ++e) {
    const double above = static_cast<double>(load[e]) - static_cast<double>(sum) / 6;
    EXPECT_EQ(bias[e], above > 0 ? -0.125f : above < 0 ? 0.125f : 0.0f) << "expert " << e;
  }
  // Kept up with a small step, the worst overload shrinks.
  settings.moe.bias_update_rate = 0.02;
  const auto worst = [](const std::vector<int64_t>& l) {
    return *std::max_element(l.begin(), l.end());
  };
  std::vector<int64_t> last;
  for (int i = 0; i < 30; ++i) {
    last = learn_by_heart(decoder, optimizer, sequences, settings).expert_load[0];
  }
  EXPECT_LT(worst(last), worst(load));
}

TEST(Update, TheBalanceLossReachesTheRouterAndEvensTheLoad) {
  policy::Decoder decoder(config_of("moe"));
  decoder.initialize(7, 0.3);
  const auto sequences = random_sequences(7);
  UpdateSettings settings = settings_of(sequences);
  settings.moe.balance_loss = 1;
  Optimizer optimizer({.learning_rate = 3e-3}, decoder);
  // No other loss: what moves is moved by the balance.
  const BatchLoss none = [&](const PackedBatch& batch, const TrainedTokens& trained) {
    LossResult part = cross_entropy(loss_scale(sequences))(batch, trained);
    part.loss = part.loss * 0;
    return part;
  };
  const auto before = weights(decoder);
  const auto first = update(decoder, optimizer, pack(sequences, 4096), none, settings);
  EXPECT_GT(first.grad_norm, 1e-4);
  UpdateResult last;
  for (int i = 0; i < 10; ++i) {
    last = update(decoder, optimizer, pack(sequences, 4096), none, settings);
  }
  EXPECT_LT(last.balance_loss, first.balance_loss);
  EXPECT_GE(last.balance_loss, 0);
}

TEST(Update, RefusesBalancingWhereThereIsNothingToBalance) {
  const policy::Decoder dense(config_of("tied")), no_bias(config_of("moe")),
      biased(config_of("mla"));
  EXPECT_THAT(test::error_of([&] { check_supported({.balance_loss = 0.1}, dense); }, 2),
              ::testing::HasSubstr("moe.balance_loss"));
  for (const auto* decoder : {&dense, &no_bias}) {
    EXPECT_THAT(test::error_of([&] { check_supported({.bias_update_rate = 0.1}, *decoder); }, 2),
                ::testing::HasSubstr("moe.bias_update_rate"));
  }
  check_supported({}, dense);
  check_supported({.balance_loss = 0.1}, no_bias);
  check_supported({.bias_update_rate = 0.1, .balance_loss = 0.1}, biased);
}

TEST(Update, AFrozenRouterStays) {
  policy::Decoder decoder(config_of("moe"));
  decoder.initialize(7, 0.3);
  const auto sequences = random_sequences(8);
  UpdateSettings settings = settings_of(sequences);
  settings.moe.balance_loss = 0.1;
  Optimizer optimizer({.learning_rate = 1e-2, .weight_decay = 0.1, .freeze_router = true}, decoder);
  const Tensor router = decoder.parameter("layers.1.ffn.router").value.detach().clone();
  const Tensor gate = decoder.parameter("layers.1.ffn.experts.gate").value.detach().clone();
  EXPECT_FALSE(learn_by_heart(decoder, optimizer, sequences, settings).skipped);
  EXPECT_TRUE(at::equal(decoder.parameter("layers.1.ffn.router").value, router));
  EXPECT_FALSE(at::equal(decoder.parameter("layers.1.ffn.experts.gate").value.detach(), gate));
}

TEST(Update, TheOptimizerStepIsAdamW) {
  // Loshchilov & Hutter, arXiv 1711.05101, algorithm 2, with the gradient clipped by global norm.
  policy::Decoder decoder(config_of("qk_norm"));
  decoder.initialize(7, 0.3);
  const OptimizerConfig config = {.learning_rate = 1e-2,
                                  .beta1 = 0.8,
                                  .beta2 = 0.95,
                                  .eps = 1e-6,
                                  .weight_decay = 0.3,
                                  .clip_norm = 0.5};
  Optimizer optimizer(config, decoder);
  std::vector<double> value, m, v;
  policy::Parameter& matrix = decoder.parameter("layers.0.attention.o");
  policy::Parameter& norm = decoder.parameter("final_norm");
  const float before_norm = norm.value.const_data_ptr<float>()[3];
  for (int64_t i = 0; i < matrix.value.numel(); ++i) {
    value.push_back(matrix.value.const_data_ptr<float>()[i]);
  }
  m = v = std::vector<double>(value.size(), 0.0);
  const double rate_factor = 0.5;
  for (int t = 1; t <= 3; ++t) {
    Random random(static_cast<uint64_t>(t));
    double squares = 0;
    for (auto& p : decoder.parameters()) {
      p.value.mutable_grad() = at::zeros_like(p.value);
      if (p.name != matrix.name) continue;
      for (int64_t i = 0; i < p.value.numel(); ++i) {
        const auto g = static_cast<float>(0.1 * random.normal());
        p.value.mutable_grad().mutable_data_ptr<float>()[i] = g;
        squares += static_cast<double>(g) * g;
      }
    }
    const double total = std::sqrt(squares);
    EXPECT_NEAR(optimizer.grad_norm(), total, 1e-9 * total);
    ASSERT_GT(total, config.clip_norm);
    for (size_t i = 0; i < value.size(); ++i) {
      const double g = matrix.value.grad().const_data_ptr<float>()[i] * config.clip_norm / total;
      m[i] = config.beta1 * m[i] + (1 - config.beta1) * g;
      v[i] = config.beta2 * v[i] + (1 - config.beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(config.beta1, t));
      const double v_hat = v[i] / (1 - std::pow(config.beta2, t));
      value[i] -= config.learning_rate * rate_factor *
                  (m_hat / (std::sqrt(v_hat) + config.eps) + config.weight_decay * value[i]);
    }
    optimizer.step(rate_factor, optimizer.grad_norm());
    EXPECT_EQ(optimizer.grad_norm(), 0) << "gradients are forgotten";
  }
  for (size_t i = 0; i < value.size(); ++i) {
    // Three steps of about 5e-3 in float32.
    ASSERT_NEAR(matrix.value.const_data_ptr<float>()[i], value[i], 3e-7) << i;
  }
  EXPECT_EQ(norm.value.const_data_ptr<float>()[3], before_norm) << "norms do not decay";
}

}  // namespace
}  // namespace grpo::rl
