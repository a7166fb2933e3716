#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/tokenizer/json_node.h"

namespace grpo::policy {

/// One step of the `normalizer` of tokenizer.json.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual void apply(std::string& text) const = 0;
  /// Whether it leaves this text as it is; a cheap test that may say no too often.
  virtual bool keeps(std::string_view text) const = 0;
};

/// The `normalizer` of tokenizer.json: Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip;
/// any other type is refused with file and key.
/// Source: huggingface/tokenizers, tokenizers/src/normalizers.
class Normalizer {
 public:
  Normalizer() = default;  ///< the text stays as it is
  explicit Normalizer(const JsonNode& node);

  /// The normalised text: `text` itself, or what was written to `storage`.
  std::string_view apply(std::string_view text, std::string& storage) const;

 private:
  void add(const JsonNode& node);

  std::vector<std::unique_ptr<NormalizerStep>> steps_;
};

}  // namespace grpo::policy
