#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/tokenizer/tokenizer.h"
#include "rollout/completion.h"

namespace grpo::rollout {

/// A prompt to be answered, or one answer in progress.
struct Sequence {
  int64_t prompt = 0;
  int64_t answer = -1;  ///< -1: the prompt itself, which forks into its group once it is cached
  uint64_t philox_seed = 0;
  uint64_t philox_sequence = 0;
  std::vector<int32_t> tokens;  ///< prompt and what was drawn so far
  int64_t prompt_length = 0;
  int64_t cached = 0;          ///< tokens [0, cached) stand in the pages
  std::vector<int32_t> pages;  ///< page of tokens [16 i, 16 i + 16)
  Completion completion;
  std::unique_ptr<policy::StreamingDecoder> decoder;  ///< only when stop strings are asked for
  std::string text;                                   ///< decoded so far, for the stop strings

  int64_t length() const { return static_cast<int64_t>(tokens.size()); }
  int64_t uncached() const { return length() - cached; }
  bool is_prompt() const { return answer < 0; }
};

}  // namespace grpo::rollout
