#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/tokenizer/json_node.h"

namespace grpo::policy {

/// One step of the `decoder` of tokenizer.json; it maps a list of strings to a list of strings.
class DecoderStep {
 public:
  virtual ~DecoderStep() = default;
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

/// The `decoder` of tokenizer.json: ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace,
/// Sequence; any other type is refused with file and key.
/// Source: huggingface/tokenizers, tokenizers/src/decoders.
class TokenDecoder {
 public:
  TokenDecoder() = default;  ///< tokens are joined with blanks, as tokenizers do without a decoder
  explicit TokenDecoder(const JsonNode& node);

  std::string decode(std::vector<std::string> tokens) const;

  /// The chain is ByteLevel alone: a text is the tokens' bytes one after the other.
  bool is_byte_level() const { return byte_level_ && steps_.size() == 1; }

  /// Whether the text of a few tokens may still change with those that follow, given that the last
  /// of them is, or is not, a fallback byte such as "<0x0A>". Always true for chains that look
  /// beyond one token in a way that is not known here.
  bool may_change(bool last_is_byte) const { return !streams_ || (byte_fallback_ && last_is_byte); }

 private:
  void add(const JsonNode& node);

  std::vector<std::unique_ptr<DecoderStep>> steps_;
  bool byte_level_ = false;
  bool byte_fallback_ = false;
  bool fused_ = false;
  bool streams_ = true;
};

/// The byte of a token "<0x0A>", or -1.
int fallback_byte(std::string_view token);

}  // namespace grpo::policy
