#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/tokenizer/added_tokens.h"
#include "policy/tokenizer/bpe_model.h"
#include "policy/tokenizer/normalizer.h"
#include "policy/tokenizer/post_processor.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/tokenizer.h"
#include "policy/tokenizer/tokenizer_config.h"

namespace grpo::policy {

/// A tokenizer.json with a BPE model: cut out added tokens, normalise, cut out those that are
/// looked for after normalisation, split into pieces, merge each, add what goes around. Source:
/// huggingface/tokenizers, tokenizers/src/tokenizer/mod.rs, added_vocabulary.rs.
class BpeTokenizer : public Tokenizer {
 public:
  /// `json` is the text of `file` (the name in errors).
  BpeTokenizer(std::string json, const std::string& file, TokenizerConfig config);

  std::vector<int32_t> encode(std::string_view text, bool add_special_tokens) const override;
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens) const override;
  int64_t vocab_size() const override { return static_cast<int64_t>(tokens_.size()); }
  std::optional<int32_t> token_to_id(std::string_view token) const override;
  std::string id_to_token(int32_t id) const override;
  bool is_special(int32_t id) const override;
  bool may_change(std::span<const int32_t> ids, bool skip_special_tokens) const override;
  void save(const std::filesystem::path& directory) const override;
  GgufVocab to_gguf() const override;

 private:
  void read(const JsonNode& root);
  void set_tokens(const JsonNode& root);
  void set_special_ids();
  void encode_section(std::string_view text, bool at_start, std::vector<int32_t>& ids) const;
  GgufVocab characters_to_gguf(const nlohmann::json& root, bool blank_in_front) const;
  size_t index_of(int32_t id) const;  // Error unless the id has a token
  // Whether decoding writes anything: ids between others may belong to no token, and a policy may
  // still draw them. Error where the id is out of range.
  bool has_text(int32_t id, bool skip_special_tokens) const;

  std::string json_, file_;
  TokenizerConfig config_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unique_ptr<BpeModel> model_;
  PostProcessor post_processor_;
  TokenDecoder decoder_;
  std::vector<AddedToken> added_;  // of tokenizer.json and tokenizer_config.json
  AddedTokenMatcher raw_matcher_, normalized_matcher_;
  std::unordered_map<std::string, int32_t> added_ids_;
  std::vector<std::string> tokens_;  // [ids] as spelled
  // [ids] what the decoder is given: as spelled, a normalised added token as it was found; for a
  // byte-level decoder its bytes.
  std::vector<std::string> decoder_input_;
  std::vector<bool> used_, special_;  // [ids]
};

}  // namespace grpo::policy
