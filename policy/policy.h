#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "policy/decoder.h"
#include "policy/tokenizer/chat_template.h"
#include "policy/tokenizer/tokenizer.h"

namespace grpo::policy {

/// The decoder alone, of a Hugging Face folder or a .gguf file: for what needs no text.
std::unique_ptr<Decoder> load_decoder(const std::filesystem::path& model);

/// All that a checkpoint directory holds: decoder, tokenizer, chat template.
class Policy {
 public:
  /// Loads a Hugging Face folder or a .gguf file; the weights are read straight into their packed
  /// form, without a second copy. Throws Error naming file and tensor or key.
  static std::unique_ptr<Policy> load(const std::filesystem::path& model);
  /// Configuration and tokenizer of the folder with random weights (Decoder::initialize).
  static std::unique_ptr<Policy> random(const std::filesystem::path& folder, uint64_t seed,
                                        double std);

  /// Writes a Hugging Face folder that transformers loads: config.json, safetensors (float32),
  /// generation_config.json, tokenizer files. `folder` must exist; atomicity is the caller's.
  void save_into(const std::filesystem::path& folder) const;

  /// Throws the Error of save_into for a model that a Hugging Face folder has no form for (some
  /// GGUF files): to be asked before work begins that ends with saving.
  void check_savable() const;

  Decoder& decoder() { return *decoder_; }
  const Decoder& decoder() const { return *decoder_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  /// Null where the model has none.
  const ChatTemplate* chat_template() const { return template_ ? &*template_ : nullptr; }
  /// Every end-of-sequence id: sampling stops at any of them.
  const std::vector<int32_t>& eos() const { return decoder_->config().eos; }
  /// Ids a sampler may draw and a softmax covers: [0, vocab()).
  int64_t vocab() const;

  /// Text of a conversation ready for an answer. It holds its special tokens: encode it without
  /// adding them again. `messages`: [{role, content, …}]. Throws Error when the model has no chat
  /// template, or its template refuses the messages.
  std::string render_chat(const OrderedJson& messages) const;
  /// The end-of-sequence id behind an answer: with `chat`, the one that the template puts behind an
  /// assistant's message; else, or where it puts none of eos(), the tokenizer's own if it is one of
  /// eos(), else the first of them. Error (exit code 2) when the model names none.
  int32_t end_of_answer(bool chat) const;

 private:
  Policy() = default;
  void load_text(const std::filesystem::path& model);
  std::string render(const OrderedJson& messages, bool add_generation_prompt) const;
  /// The first of eos() that the template puts behind an assistant's message.
  std::optional<int32_t> end_of_message() const;

  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::optional<ChatTemplate> template_;
  std::string template_source_;
  nlohmann::json generation_;  // generation_config.json, kept for save_into
};

}  // namespace grpo::policy
