#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace grpo::rollout {

enum class Finish {
  kStop,    ///< an end-of-sequence token or a stop string
  kLength,  ///< the token limit or the context's end
};

constexpr std::array<std::pair<Finish, const char*>, 2> enum_names(Finish) {
  return {{{Finish::kStop, "stop"}, {Finish::kLength, "length"}}};
}

/// One sampled answer.
struct Completion {
  std::vector<int32_t> tokens;   ///< the end-of-sequence token included when it was sampled
  std::vector<float> logprobs;   ///< of each token when it was sampled, nats
  std::vector<float> entropies;  ///< of the distribution each token was drawn from, nats
  Finish finish = Finish::kLength;
  int64_t policy_version = 0;  ///< the update step whose weights sampled it
};

/// Answers to one prompt; `problem` indexes the caller's list.
struct Group {
  int64_t problem = 0;
  std::vector<int32_t> prompt;
  std::vector<Completion> completions;  ///< [group]
};

}  // namespace grpo::rollout
