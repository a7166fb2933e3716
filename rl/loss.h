#pragma once

#include "base/tensor.h"
#include "rl/loss_config.h"
#include "rl/loss_metrics.h"
#include "rl/loss_scale.h"

namespace grpo::rl {

/// One micro-batch of packed sequences. Fields are [tokens]; undefined tensors are "not given".
/// Values where mask is 0 are never read: they may be NaN.
struct LossInputs {
  Tensor logprob;          ///< of the policy, with its graph
  Tensor old_logprob;      ///< of the policy when the batch was begun
  Tensor advantage;        ///< A
  Tensor mask;             ///< bool or 0/1: trained tokens
  Tensor offsets;          ///< [sequences + 1] int64, from 0 to tokens
  Tensor rollout_logprob;  ///< what the sampler used; needed by corrections, else only measured
  Tensor ref_logprob;      ///< of the frozen reference; needed by kl.weight > 0
  Tensor entropy;          ///< of the policy, with its graph; needed by entropy_weight > 0
};

struct LossResult {
  Tensor loss;  ///< scalar, float64, on the CPU; backward() reaches logprob and entropy
  LossMetrics metrics;
};

/// The policy loss of every group-relative method, summed over this micro-batch's trained tokens t
/// of sequences i:
///
///   loss = sum_i sum_t a_i { c_t P_t + kl.weight KL_t - entropy_weight H_t }
///
///   ratio   r_t = exp(l_t - old_t), or for `sequence` s_i = exp(mean_t (l_t - old_t)) in its token
///           form sg[s_i] exp(l_t - sg l_t)                                      GSPO, 2507.18071
///   P_t     ppo    -min(r A, clamp(r, 1 - low, 1 + high) A)                     GRPO, 2402.03300
///                  with dual: at most -dual A where A < 0                       1912.09729
///           cispo  -sg[clamp(r, 1 - low, 1 + high)] A l_t                       2506.13585
///           sapo   -A (4 / tau) sigmoid(tau (r - 1)), tau by A's sign           2511.20347
///           none   -r A
///   a_i     token_mean 1 / N · sequence_mean 1 / (B n_i) · constant 1 / (B constant_length), with
///           N tokens and B completions of `scale`, n_i trained tokens of sequence i
///   KL_t    rl/kl.h; with kl.unbiased times exp(l_t - old_t)
///   c_t     sg[.] of w = exp(old_t - rollout_t), for sequence kinds the product of w over trained
///           tokens: truncate min(w, cap); mask w, or 0 outside [floor, cap]; geometric_mask 1, or
///           0 where the geometric mean of w is outside. stale_gap: 0 for an answer with A < 0 and
///           mean_t (rollout_t - l_t) > stale_gap. Changes no denominator, leaves KL and H alone.
///
/// sg is stop-gradient. Differences are clamped as rl/kl.h says. `scale` counts the whole step, so
/// losses and gradients of micro-batches add up to the step's whatever the split; a sequence must
/// not be split. Computed on the CPU in float64 wherever the inputs are: a few numbers per token,
/// and the gradient then depends on no device's order of summation.
/// Throws Error for contradictory settings (`rules`), a missing or misshapen input, a
/// falling `offsets`, a non-finite advantage, and a `scale` with fewer tokens than the batch.
LossResult policy_loss(const LossInputs& inputs, const LossScale& scale, const LossConfig& config);

}  // namespace grpo::rl
