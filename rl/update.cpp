#include "rl/update.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "policy/ops.h"

namespace grpo::rl {
namespace {

policy::PackedTokens tokens_of(const PackedBatch& batch) {
  return {batch.tokens, batch.positions, batch.offsets};
}

/// values[rows] as a float tensor.
Tensor pick(const std::vector<float>& values, const std::vector<int64_t>& rows) {
  if (values.empty()) return {};
  const Tensor t = at::empty({static_cast<int64_t>(rows.size())}, at::kFloat);
  float* out = t.mutable_data_ptr<float>();
  for (size_t i = 0; i < rows.size(); ++i) out[i] = values[static_cast<size_t>(rows[i])];
  return t;
}

void add_load(std::vector<std::vector<int64_t>>& sum,
              const std::vector<std::vector<int64_t>>& load) {
  if (sum.empty()) {
    sum = load;
    return;
  }
  for (size_t l = 0; l < load.size(); ++l) {
    for (size_t e = 0; e < load[l].size(); ++e) sum[l][e] += load[l][e];
  }
}

/// b_e += rate where expert e had less than the mean load, -= rate where it had more.
void balance_experts(policy::Decoder& decoder, const std::vector<std::vector<int64_t>>& load,
                     double rate) {
  for (size_t l = 0; l < load.size(); ++l) {
    policy::Parameter& bias = decoder.parameter(
        "layers." + std::to_string(decoder.moe_layers()[l]) + ".ffn.correction_bias");
    const double mean =
        std::accumulate(load[l].begin(), load[l].end(), 0.0) / static_cast<double>(load[l].size());
    float* b = bias.value.mutable_data_ptr<float>();
    for (size_t e = 0; e < load[l].size(); ++e) {
      const auto count = static_cast<double>(load[l][e]);
      if (count > mean) b[e] -= static_cast<float>(rate);
      if (count < mean) b[e] += static_cast<float>(rate);
    }
  }
}

}  // namespace

void check_supported(const MoeTrainConfig& config, const policy::Decoder& decoder) {
  const policy::ModelConfig& model = decoder.config();
  check_input(config.balance_loss == 0 || !decoder.moe_layers().empty(),
              "moe.balance_loss: the model ({}) has no mixture of experts", model.model_type);
  check_input(
      config.bias_update_rate == 0 || (!decoder.moe_layers().empty() && model.moe.correction_bias),
      "moe.bias_update_rate: the model ({}) has no router with a correction bias",
      model.model_type);
}

TrainedTokens forward_trained(policy::Decoder& decoder, const PackedBatch& batch,
                              double temperature, int64_t vocab, policy::MoeStats* stats) {
  TrainedTokens out;
  std::vector<int32_t> targets;
  std::vector<int64_t> offsets{0};
  for (size_t s = 0; s + 1 < batch.offsets.size(); ++s) {
    for (int64_t t = batch.offsets[s]; t < batch.offsets[s + 1]; ++t) {
      if (batch.mask[static_cast<size_t>(t)] == 0) continue;
      out.rows.push_back(t);
      targets.push_back(batch.targets[static_cast<size_t>(t)]);
    }
    offsets.push_back(static_cast<int64_t>(out.rows.size()));
  }
  check(!out.rows.empty(), "update: a micro-batch has no trained token");
  const Tensor hidden = decoder.forward(tokens_of(batch), stats);
  const Tensor rows = policy::ops::select_rows(hidden, out.rows);
  std::tie(out.logprob, out.entropy) = policy::ops::linear_logprob(
      rows, decoder.head(), targets, decoder.logit_scale(temperature), vocab);
  out.offsets = at::tensor(offsets, at::kLong);
  return out;
}

UpdateResult update(policy::Decoder& decoder, Optimizer& optimizer,
                    std::span<const PackedBatch> batches, const BatchLoss& loss,
                    const UpdateSettings& settings) {
  UpdateResult result;
  optimizer.zero_grad();
  for (const PackedBatch& batch : batches) {
    policy::MoeStats stats;
    stats.want_balance_loss = settings.moe.balance_loss > 0;
    const TrainedTokens trained =
        forward_trained(decoder, batch, settings.temperature, settings.vocab, &stats);
    LossResult part = loss(batch, trained);
    Tensor total = part.loss;
    if (stats.balance_loss.defined()) {
      const Tensor term = stats.balance_loss / static_cast<double>(settings.completions);
      result.balance_loss += term.item<double>();
      total = total + settings.moe.balance_loss * term;
    }
    result.loss += total.item<double>();
    result.metrics.add(part.metrics);
    add_load(result.expert_load, stats.load);
    if (!std::isfinite(result.loss)) break;
    total.backward();
  }
  result.learning_rate = optimizer.config().learning_rate * settings.rate_factor;
  result.grad_norm = std::isfinite(result.loss) ? optimizer.grad_norm() : result.loss;
  if (!std::isfinite(result.grad_norm)) {
    result.skipped = true;
    optimizer.zero_grad();
    return result;
  }
  optimizer.step(settings.rate_factor, result.grad_norm);
  if (settings.moe.bias_update_rate > 0) {
    balance_experts(decoder, result.expert_load, settings.moe.bias_update_rate);
  }
  return result;
}

BatchLoss grpo_loss(const LossConfig& config, LossScale scale, bool unmoved,
                    policy::Decoder* reference, double temperature, int64_t vocab) {
  return [=](const PackedBatch& batch, const TrainedTokens& trained) {
    LossInputs in;
    in.logprob = trained.logprob;
    in.old_logprob = unmoved ? trained.logprob.detach() : pick(batch.old_logprob, trained.rows);
    in.advantage = pick(batch.advantage, trained.rows);
    in.mask = at::ones({trained.logprob.size(0)}, at::kBool);
    in.offsets = trained.offsets;
    in.rollout_logprob = pick(batch.rollout_logprob, trained.rows);
    in.entropy = trained.entropy;
    if (reference != nullptr) {
      const at::NoGradGuard no_grad;
      in.ref_logprob = forward_trained(*reference, batch, temperature, vocab).logprob;
    }
    return policy_loss(in, scale, config);
  };
}

BatchLoss cross_entropy(LossScale scale) {
  return [=](const PackedBatch&, const TrainedTokens& trained) {
    LossResult result;
    result.loss = -trained.logprob.to(at::kDouble).sum() / static_cast<double>(scale.tokens);
    result.metrics.tokens = trained.logprob.size(0);
    result.metrics.has_entropy = true;
    result.metrics.entropy = trained.entropy.detach().to(at::kDouble).sum().item<double>();
    return result;
  };
}

}  // namespace grpo::rl
