#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace grpo::reward {

/// One reward by its name in other projects, with their parameters: `grpo verify reward --name`.
///   format_reward, think_format_reward, tag_count_reward, reasoning_steps_reward,
///   repetition_penalty_reward, cosine_scaled_reward, len_reward, code_format_reward,
///   soft_overlong_punishment, nemo_format, geo3k, accuracy_unparsable_gold
/// `input` is the completion as text, a list of token ids, or an object {completion, gold, …}.
/// Nothing: the sample is to be skipped (a reference that is no mathematics). Throws Error (exit
/// code 2) that begins with `where` on an unknown name and on missing or mistyped fields.
std::optional<double> named_reward(const std::string& name, const Json& input, const Json& params,
                                   const std::string& where);

}  // namespace grpo::reward
