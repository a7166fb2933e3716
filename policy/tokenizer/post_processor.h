#pragma once

#include <cstdint>
#include <vector>

#include "policy/tokenizer/json_node.h"

namespace grpo::policy {

/// The `post_processor` of tokenizer.json, reduced to what it does to the ids of one text: some go
/// in front, some behind. ByteLevel (offsets only), TemplateProcessing, Sequence; any other type is
/// refused with file and key.
struct PostProcessor {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;

  PostProcessor() = default;
  explicit PostProcessor(const JsonNode& node);
};

}  // namespace grpo::policy
