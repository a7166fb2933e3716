#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/config.h"
#include "base/tensor.h"
#include "policy/decoder.h"
#include "rl/loss.h"
#include "rl/optimizer.h"
#include "rl/pack.h"

namespace grpo::rl {

/// Mixture-of-experts settings of the learner. DeepSeek-V3, arXiv 2412.19437, section 2.1.2.
struct MoeTrainConfig {
  double bias_update_rate = 0.0;
  double balance_loss = 0.0;
};

template <class Visitor>
void fields(Visitor& v, MoeTrainConfig& c) {
  v("bias_update_rate", c.bias_update_rate,
    "after each update an expert's choice bias moves by this much towards even load (V3: 0.001); "
    "needs a router with a correction bias",
    in_range(0, 1));
  v("balance_loss", c.balance_loss, "weight of the sequence-wise balance loss (V3: 0.0001)",
    at_least(0));
}

/// Throws Error (exit code 2) where the recipe asks for balancing that the model has no part for.
void check_supported(const MoeTrainConfig& config, const policy::Decoder& decoder);

/// Log-probabilities of one micro-batch's trained tokens, in order, with their graph.
struct TrainedTokens {
  Tensor logprob;             ///< [trained]
  Tensor entropy;             ///< [trained], nats
  Tensor offsets;             ///< [sequences + 1] int64 into trained tokens
  std::vector<int64_t> rows;  ///< [trained] position in the batch
};

/// Runs the decoder on a micro-batch, the output head on trained tokens only.
/// `temperature`: the sampler's; `vocab`: ids the sampler could draw.
TrainedTokens forward_trained(policy::Decoder& decoder, const PackedBatch& batch,
                              double temperature, int64_t vocab, policy::MoeStats* stats = nullptr);

/// The loss of a micro-batch; the sum over micro-batches is the step's.
using BatchLoss = std::function<LossResult(const PackedBatch&, const TrainedTokens&)>;

struct UpdateResult {
  LossMetrics metrics;
  double loss = 0;
  double balance_loss = 0;  ///< mean over sequences, before its weight
  double grad_norm = 0;     ///< before clipping
  double learning_rate = 0;
  bool skipped = false;  ///< loss or gradients were not finite: the policy is as it was
  std::vector<std::vector<int64_t>> expert_load;  ///< [MoE layers][experts], over the whole step
};

struct UpdateSettings {
  double temperature = 1.0;
  int64_t vocab = 0;
  double rate_factor = 1.0;
  int64_t completions = 0;  ///< sequences of the whole step, for the balance loss
  MoeTrainConfig moe;
};

/// One optimiser step over the micro-batches of a minibatch: forward, loss, backward each, then
/// clip and AdamW. When a loss or the gradient norm is not finite nothing is changed and `skipped`
/// is set.
UpdateResult update(policy::Decoder& decoder, Optimizer& optimizer,
                    std::span<const PackedBatch> batches, const BatchLoss& loss,
                    const UpdateSettings& settings);

/// The policy loss of `config` as a BatchLoss. `scale` counts the minibatch. Where the policy
/// is `unmoved` since the answers were sampled, old_logprob is its own log-probability (ratio 1,
/// and the sampler's is compared with it), else the batch's old_logprob. `reference` (may be null)
/// is the frozen policy of the KL.
BatchLoss grpo_loss(const LossConfig& config, LossScale scale, bool unmoved,
                    policy::Decoder* reference, double temperature, int64_t vocab);

/// Cross-entropy: -mean over the minibatch's trained tokens of their log-probability.
BatchLoss cross_entropy(LossScale scale);

}  // namespace grpo::rl
