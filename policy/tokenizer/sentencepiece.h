#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/tokenizer/added_tokens.h"
#include "policy/tokenizer/sentencepiece_proto.h"
#include "policy/tokenizer/tokenizer.h"
#include "policy/tokenizer/tokenizer_config.h"

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace grpo::policy {

/// A tokenizer.model, encoded by the sentencepiece library.
///
/// Control pieces and added tokens written in the text are recognised here (the library never makes
/// them from text), as transformers' Llama classes do. Between them each stretch begins with the
/// model's dummy blank; with `legacy: false` in tokenizer_config.json only the text's start does.
class SentencePieceTokenizer : public Tokenizer {
 public:
  /// Whose rules hold where the config says nothing: the library's (no bos; unk cannot be written
  /// and reads as " ⁇ ") or those of transformers' Llama classes (bos in front of a text; unk is a
  /// special token like bos: found in text, left out by skip_special_tokens).
  enum class Like { kSentencePiece, kTransformers };

  /// `proto` is the serialised model of `file` (the name in errors).
  SentencePieceTokenizer(std::string proto, const std::string& file, TokenizerConfig config,
                         Like like);
  ~SentencePieceTokenizer() override;

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
  enum class Kind : uint8_t { kNone, kText, kByte, kUnknown, kSpecial, kAdded };
  struct Token {
    std::string text;
    Kind kind = Kind::kNone;
    bool special = false;
  };

  void read_pieces(Like like, std::vector<AddedToken>& recognised);
  void read_added_tokens(std::vector<AddedToken>& recognised);
  void set_special_ids(Like like);
  const Token& token_at(int32_t id) const;  // Error when there is none

  std::string proto_, file_;
  TokenizerConfig config_;
  SentencePieceSpec spec_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  std::unique_ptr<sentencepiece::SentencePieceProcessor> inner_processor_;  // no dummy prefix
  AddedTokenMatcher matcher_;
  std::vector<Token> tokens_;  // [ids]
  std::unordered_map<std::string, int32_t> added_ids_;
  std::vector<int32_t> prefix_, suffix_;
};

}  // namespace grpo::policy
