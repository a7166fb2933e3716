#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy {

struct GgufVocab;

/// Text to token ids and back. Immutable: threads may share one.
///
/// Ids are those of Hugging Face's `tokenizers` for a tokenizer.json, and those of `sentencepiece`
/// for a tokenizer.model. Truncation and padding entries of tokenizer.json are not applied (neither
/// does transformers), nor is `clean_up_tokenization_spaces`: decoding is exact.
class Tokenizer {
 public:
  virtual ~Tokenizer();

  /// tokenizer.json, else tokenizer.model, with tokenizer_config.json and special_tokens_map.json
  /// where they stand beside it. Error naming both when neither is there.
  static std::unique_ptr<Tokenizer> from_directory(const std::filesystem::path& directory);
  /// A tokenizer.json; its neighbours are not read.
  static std::unique_ptr<Tokenizer> from_hf_json(const std::filesystem::path& path);
  /// A tokenizer.model; its neighbours are not read. No ids are added to a text.
  static std::unique_ptr<Tokenizer> from_sentencepiece(const std::filesystem::path& path);
  /// The tokenizer of a GGUF file, described in gguf_vocab.h.
  static std::unique_ptr<Tokenizer> from_gguf_vocab(const GgufVocab& vocab);

  /// Special tokens written in the text are recognised. `add_special_tokens` puts in what the
  /// tokenizer adds to a text (bos, eos), which a chat template has usually written already.
  /// Error when the text is not UTF-8.
  virtual std::vector<int32_t> encode(std::string_view text, bool add_special_tokens) const = 0;

  /// Always valid UTF-8: what is not becomes U+FFFD. Error naming an id that has no token.
  virtual std::string decode(std::span<const int32_t> ids, bool skip_special_tokens) const = 0;

  /// One more than the highest id, added tokens included; a model's may be padded beyond it.
  virtual int64_t vocab_size() const = 0;

  /// Tokens as the vocabulary spells them ("Ġthe", "▁the", "<|im_end|>").
  virtual std::optional<int32_t> token_to_id(std::string_view token) const = 0;
  virtual std::string id_to_token(int32_t id) const = 0;  ///< Error when there is none

  /// Whether `skip_special_tokens` leaves the id out.
  virtual bool is_special(int32_t id) const = 0;

  /// Whether the text of `ids` may still change with the ids that follow: a character of several
  /// byte tokens is not complete. Used by StreamingDecoder.
  virtual bool may_change(std::span<const int32_t> ids, bool skip_special_tokens) const = 0;

  /// Writes the files that `from_directory`, and transformers, read: those that it came from byte
  /// for byte, others made to give the same ids.
  virtual void save(const std::filesystem::path& directory) const = 0;

  /// The keys of a GGUF file (gguf_vocab.h) that give the same ids; ids without a token are unused
  /// ones. Error (exit code 2) naming what GGUF has no form for.
  virtual GgufVocab to_gguf() const = 0;

  std::optional<int32_t> bos() const { return bos_; }
  std::optional<int32_t> eos() const { return eos_; }
  std::optional<int32_t> pad() const { return pad_; }
  std::optional<int32_t> unk() const { return unk_; }

 protected:
  std::optional<int32_t> bos_, eos_, pad_, unk_;
};

/// Decodes ids as they come: the parts put together are `decode` of all ids, and none ends inside
/// a character. Borrows the tokenizer.
class StreamingDecoder {
 public:
  StreamingDecoder(const Tokenizer& tokenizer, bool skip_special_tokens)
      : tokenizer_(tokenizer), skip_special_tokens_(skip_special_tokens) {}

  /// Text that this id completes; may be empty.
  std::string push(int32_t id);

  /// What was held back; the decoder then begins a new text.
  std::string flush();

 private:
  std::string take();

  const Tokenizer& tokenizer_;
  bool skip_special_tokens_;
  // Ids whose text is not out, after one whose text is: a blank at the start of a text is dropped,
  // so a token is decoded with the one before it.
  std::vector<int32_t> window_;
  size_t written_ = 0;  // bytes of the window's text that are out
};

}  // namespace grpo::policy
