#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "policy/decoder.h"

/// What a decoder says about given token ids, by the learner's path and by the engine's.
namespace grpo::apps {

struct LogitsRequest {
  std::vector<int32_t> ids;  ///< at least one
  int64_t top = 0;
};

struct LogitsResult {
  std::vector<float> logprobs;                 ///< [n - 1] of ids[i + 1] given ids[0 .. i], nats
  std::vector<float> entropy;                  ///< [n] of the distribution after ids[0 .. i], nats
  std::vector<std::pair<int32_t, float>> top;  ///< largest logits after the last id
};

/// Both answer all requests in one batch, softmax over the model's whole vocabulary, and give the
/// same bits.
///
/// packed: one forward pass over the sequences one behind the other.
std::vector<LogitsResult> packed_logits(policy::Decoder& decoder,
                                        std::span<const LogitsRequest> requests);
/// paged: through a paged cache, in chunks, the last kDecodedTokens of a sequence one at a time.
std::vector<LogitsResult> paged_logits(policy::Decoder& decoder,
                                       std::span<const LogitsRequest> requests);

inline constexpr int64_t kDecodedTokens = 16;

}  // namespace grpo::apps
