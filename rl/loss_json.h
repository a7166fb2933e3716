#pragma once

#include <string>

#include "base/json.h"

namespace grpo::rl {

/// `grpo inspect loss`: one row in, advantages, loss, gradient and metrics out, in float64.
///
/// in  {id, advantage: {…}, loss: {…}, groups: [{rewards, completions: [{logprobs, old_logprobs,
///     rollout_logprobs?, ref_logprobs?, mask?}]}]}; the keys of `advantage` and `loss` are those
///     of recipes (rl/advantage_config.h, rl/loss_config.h). Keys that can be null may be left out,
///     and so may those beyond docs/commands.md (tau_positive, tau_negative, unbiased). A reward of
///     null or "nan" is an unscorable answer. The row has no entropy: `entropy_weight` must be 0.
/// out {id, advantages [group][completion], loss, grad [group][completion][token], metrics}, where
///     grad = d loss / d logprobs; or {id, error} for a row that is well formed but refused, such
///     as a sequence ratio with a token-level correction.
/// Throws Error (exit code 2) that begins with `where` and the field, for a missing or mistyped
/// one.
OrderedJson inspect_loss(const OrderedJson& row, const std::string& where);

}  // namespace grpo::rl
