#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "policy/policy.h"
#include "rollout/engine.h"

namespace grpo::apps {

/// The ids of a conversation, ready for the model's answer. Throws Error when it cannot be
/// rendered, or the model has no chat template.
std::vector<int32_t> encode_chat(const policy::Policy& policy, const OrderedJson& messages);

/// What a reader sees of an answer: no special tokens, no stop token, nothing from a stop string
/// on.
std::string answer_text(const policy::Policy& policy, const rollout::Completion& completion,
                        const rollout::SamplingParams& params);

/// A conversation on the terminal: answers stream, a line that ends in a backslash goes on in the
/// next, Ctrl-C stops an answer, /quit or the end of input leaves.
void chat(const policy::Policy& policy, rollout::Engine& engine,
          const rollout::SamplingParams& params);

}  // namespace grpo::apps
