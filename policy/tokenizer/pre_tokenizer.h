#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/tokenizer/json_node.h"
#include "policy/tokenizer/split_pattern.h"

namespace grpo::policy {

/// Text between two added tokens on its way through the steps; `owned` keeps what steps rewrote.
struct Pieces {
  std::vector<std::string_view> views;
  std::deque<std::string> owned;
  bool at_text_start = false;  ///< the first piece begins the whole text
};

/// One step of the `pre_tokenizer` of tokenizer.json.
class PreTokenizerStep {
 public:
  virtual ~PreTokenizerStep() = default;
  virtual void apply(Pieces& pieces) const = 0;
};

/// The `pre_tokenizer` of tokenizer.json: Sequence, Split, Digits, ByteLevel, Whitespace,
/// WhitespaceSplit, Punctuation, Metaspace; any other type is refused with file and key.
/// Source: huggingface/tokenizers, tokenizers/src/pre_tokenizers.
class PreTokenizer {
 public:
  PreTokenizer() = default;  ///< the whole text is one piece
  explicit PreTokenizer(const JsonNode& node);

  /// Splits `pieces.views`; the pieces lie in the text given or in `pieces.owned`.
  void apply(Pieces& pieces) const;

  /// Whether pieces are for a byte-level model (the last step is ByteLevel).
  bool byte_level() const { return byte_level_; }

 private:
  void add(const JsonNode& node);

  std::vector<std::unique_ptr<PreTokenizerStep>> steps_;
  bool byte_level_ = false;
};

/// Metaspace's `prepend_scheme`, which its decoder reads too.
enum class PrependScheme { kAlways, kFirst, kNever };
PrependScheme prepend_scheme(const JsonNode& node);

}  // namespace grpo::policy
