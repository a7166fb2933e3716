#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rl/loss_scale.h"
#include "rollout/completion.h"

/// Sequences of any length laid end to end in micro-batches; pads never exist. Torch-free.
namespace grpo::rl {

/// A prompt with its answer (or a demonstration), ready for the learner. Per-token fields stand at
/// the token they speak of: `logprob[i]` is that of tokens[i] given tokens[0..i).
struct Sequence {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> trained;        ///< [tokens] 1 = learned; trained[0] must be 0
  std::vector<float> rollout_logprob;  ///< [tokens] what the sampler recorded, or empty
  std::vector<float> old_logprob;      ///< [tokens] of the policy at the batch's start, or empty:
                                   ///< then the sampler's (exact when both run the same kernels)
  double advantage = 0;    ///< of every trained token
  bool truncated = false;  ///< the answer ran into the length limit
  bool filtered = false;   ///< out of the loss and its denominators (overlong filter)
};

/// The answer's tokens are trained, the end-of-sequence token among them; the prompt's are not.
/// Throws Error for an empty prompt or answer, or log-probabilities of another length.
Sequence make_sequence(std::span<const int32_t> prompt, const rollout::Completion& completion,
                       double advantage);

/// One micro-batch. Position t predicts: targets[t] is the token after tokens[t] in its sequence
/// and every value beside it speaks of that target. The last position of a sequence has no target:
/// targets 0, mask 0. Values are 0 where mask is 0.
struct PackedBatch {
  std::vector<int32_t> tokens;         ///< [tokens]
  std::vector<int32_t> positions;      ///< [tokens] from 0 in each sequence
  std::vector<int32_t> targets;        ///< [tokens]
  std::vector<uint8_t> mask;           ///< [tokens] 1 = the target is trained
  std::vector<float> rollout_logprob;  ///< [tokens] of the target; empty when no sequence has it
  std::vector<float> old_logprob;      ///< [tokens]; empty when no sequence has one or the other
  std::vector<float> advantage;        ///< [tokens]
  std::vector<int64_t> offsets;        ///< [sequences + 1] into tokens
  std::vector<int64_t> sequences;      ///< [sequences] index into what was packed

  int64_t num_tokens() const { return static_cast<int64_t>(tokens.size()); }
  int64_t num_sequences() const { return static_cast<int64_t>(sequences.size()); }
};

/// Which sequences share a micro-batch: result[b] holds ascending indices into `lengths`, every
/// index once. Each batch has at most `max_tokens` tokens, but for a longer sequence, which gets a
/// batch of its own. As few batches as best-fit decreasing finds, then the load is evened out
/// (longest first onto the lightest batch) where that also fits. The number of batches is rounded
/// up to `multiple`, so that every rank makes the same number; some are then empty when there are
/// fewer sequences. Depends on the lengths alone; ties go to the smaller index.
std::vector<std::vector<int64_t>> plan_batches(std::span<const int64_t> lengths, int64_t max_tokens,
                                               int64_t multiple = 1);

/// One batch of the given sequences. Throws Error where a sequence's fields disagree in length, its
/// first token is trained, or only some sequences have log-probabilities.
PackedBatch pack_sequences(std::span<const Sequence> sequences, std::span<const int64_t> indices);

/// plan_batches, then pack_sequences. Filtered sequences and those with no trained token are left
/// out: they would cost a forward pass and add nothing (they still count in `loss_scale`, unless
/// filtered).
std::vector<PackedBatch> pack(std::span<const Sequence> sequences, int64_t max_tokens,
                              int64_t multiple = 1);

/// The denominators of the whole step: trained tokens and completions, without the filtered ones.
/// With several ranks, the sum over ranks.
LossScale loss_scale(std::span<const Sequence> sequences);

}  // namespace grpo::rl
