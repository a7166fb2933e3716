#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "policy/tokenizer/chat_template.h"
#include "policy/tokenizer/tokenizer.h"

namespace grpo::policy {

/// What a model needs to read and write text: everything but its weights.
struct TextSource {
  std::unique_ptr<Tokenizer> tokenizer;
  std::string template_text;  ///< source of the chat template; empty: none
  std::string template_name;  ///< where it stands, for errors
};

/// Of a Hugging Face folder, or of a .gguf file (tokenizer.ggml.*, tokenizer.chat_template). A
/// folder's tokenizer is tokenizer.json, tokenizer.model or else its only *.model file; its
/// template is chat_template.jinja, else `chat_template` of tokenizer_config.json (a text, or a
/// list of named ones, of which "default" counts). Throws Error naming file and key.
TextSource read_text_source(const std::filesystem::path& model);

/// Throws Error (exit code 2) for a tokenizer with more ids than the model's vocabulary.
void check_vocabularies(const Tokenizer& tokenizer, int64_t model_vocabulary,
                        const std::filesystem::path& model);

/// Sets bos_token and eos_token of a rendering to the tokenizer's.
void set_special_texts(const Tokenizer& tokenizer, ChatTemplate::Input& input);

}  // namespace grpo::policy
