#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/tokenizer/tokenizer.h"
#include "policy/tokenizer/tokenizer_config.h"

namespace grpo::policy {

/// How text is cut before a byte-level BPE; each is the pipeline that its models' tokenizer.json
/// has.
enum class SplitScheme {
  kGpt2,
  kSmollm,
  kQwen2,
  kLlama3,
  kDeepSeekLlm,
  kDeepSeekCoder,
  kDeepSeekV3,
};

/// The scheme of a tokenizer.json, by its `normalizer` and `pre_tokenizer`; nothing when they are
/// none of these. `root` is the whole file.
std::optional<SplitScheme> find_split_scheme(const nlohmann::json& root);

/// A vocabulary of our own for byte-level BPE.
struct ByteLevelVocab {
  SplitScheme scheme = SplitScheme::kQwen2;
  /// Raw bytes of each token; its place is its id. Special tokens follow in their order.
  std::vector<std::string> tokens;
  /// Pairs of raw tokens, by rank.
  std::vector<std::pair<std::string, std::string>> merges;
  /// A whole piece that is a token stays one, so that words need no merges.
  bool whole_pieces = true;
  std::vector<std::string> special_tokens;  ///< left out by skip_special_tokens
  std::vector<std::string> marker_tokens;   ///< found in text like special ones, but kept: <think>
  std::string bos, eos, pad;                ///< names of special tokens, or empty
};

/// A tokenizer with this vocabulary; `save` writes a tokenizer.json that `tokenizers` reads to the
/// same ids. Error for a token given twice, or a merge or special token that is not there. Encoding
/// text with a byte that has no token is an Error.
std::unique_ptr<Tokenizer> build_byte_level_tokenizer(const ByteLevelVocab& vocab);

/// What differs between one byte-level tokenizer.json and another; GGUF files hold the same.
struct BpeParts {
  SplitScheme scheme = SplitScheme::kQwen2;
  bool ignore_merges = false;
  nlohmann::json vocab = nlohmann::json::object();  ///< printable spelling to id
  nlohmann::json merges = nlohmann::json::array();  ///< ["a", "b"], printable spelling
  std::vector<AddedToken> added_tokens;
  std::vector<int32_t> prefix, suffix;  ///< what add_special_tokens puts around
};

/// The text of a tokenizer.json of these parts.
std::string make_tokenizer_json(const BpeParts& parts);

}  // namespace grpo::policy
