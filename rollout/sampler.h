#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "rollout/completion.h"

namespace grpo::rollout {

/// Beyond these float32 logits would overflow, or all tokens be equally likely.
inline constexpr double kLeastTemperature = 1e-3, kMostTemperature = 1e3;

struct SamplingParams {
  int64_t max_tokens = 512;
  double temperature = 1.0;  ///< 0: greedy; else within the two limits above
  int64_t top_k = 0;         ///< 0 = off
  double top_p = 1.0;
  double min_p = 0.0;
  uint64_t seed = 0;
  /// Answer g of prompt i draws from Philox sequence `first_sequence + i * group + g`, whatever the
  /// batch: the same seed gives the same answers.
  uint64_t first_sequence = 0;
  /// [prompts] or empty. When given, answer g of prompt i draws from sequence g of seed
  /// `prompt_seeds[i]` instead: it does not even depend on the prompt's place in the list.
  std::vector<uint64_t> prompt_seeds;
  std::vector<int32_t> stop_tokens;
  std::vector<std::string> stop_strings;
  bool ignore_stop = false;  ///< always run to max_tokens (benchmarks)
};

/// The policy's logits are not finite: it cannot sample, and is worth nothing.
struct Diverged : Error {
  using Error::Error;
};

/// What a caller may watch while sampling goes on; called from the sampling thread.
struct Observer {
  std::function<void(int64_t prompt, int64_t answer, const Completion&)> on_completion;
  /// Every token as it is drawn. False ends the answer there (Finish::kStop).
  std::function<bool(int64_t prompt, int64_t answer, int32_t token)> on_token;
};

/// Something that answers prompts: the engine in this process, or remote workers.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// `group` answers for each prompt, in order. Throws Error for an empty prompt or one that leaves
  /// no room in the model's context.
  virtual std::vector<Group> sample(std::span<const std::vector<int32_t>> prompts, int64_t group,
                                    const SamplingParams& params,
                                    const Observer& observer = {}) = 0;

  /// The policy's weights have changed: what is sampled from now on has this version. In one
  /// process the weights themselves are shared and nothing is copied.
  virtual void weights_changed(int64_t version) = 0;
};

}  // namespace grpo::rollout
