#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/tokenizer/json_node.h"
#include "policy/tokenizer/pretokenize.h"
#include "policy/tokenizer/regex_split.h"

namespace grpo::policy {

/// What becomes of the matches of a pattern (tokenizers' SplitDelimiterBehavior).
enum class SplitBehavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };

SplitBehavior split_behavior(const JsonNode& node);

/// A pattern of tokenizer.json: {"String": …} or {"Regex": …}; a known regular expression runs as
/// its hand-written scanner.
class SplitPattern {
 public:
  static SplitPattern from_json(const JsonNode& node);
  static SplitPattern from_regex(std::string pattern);
  static SplitPattern from_string(std::string literal);
  /// Single characters that have a class of the mask; ASCII may have a mask of its own.
  static SplitPattern from_class(uint8_t mask) { return from_class(mask, mask); }
  static SplitPattern from_class(uint8_t mask, uint8_t ascii_mask);

  /// Next match at or after `from`, [begin, end), or {npos, npos}; never empty.
  std::pair<size_t, size_t> find(std::string_view text, size_t from) const;

  /// Appends to `out` the parts of `text`, in order, none empty. `invert` takes gaps for matches.
  void split(std::string_view text, SplitBehavior behavior, bool invert,
             std::vector<std::string_view>& out) const;

 private:
  std::string literal_;
  Scanner scanner_ = nullptr;
  std::unique_ptr<Regex> regex_;
  uint8_t mask_ = 0;
  uint8_t ascii_mask_ = 0;
};

}  // namespace grpo::policy
