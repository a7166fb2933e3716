#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "policy/model_config.h"
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

/// Adds `tokenizer.ggml.*` and `tokenizer.chat_template` to what is written beside a model of this
/// configuration, as llama.cpp and read_text_source read them back. What the tokenizer says of
/// special ids goes before the configuration's. Of ids that end an answer GGUF holds three (eos,
/// eot, eom): more are named in a warning. Error (exit code 2) when the tokenizer has more ids than
/// the embedding has rows, or something that GGUF has no form for.
void add_text_source(const TextSource& source, const ModelConfig& config, GgufMetadata& metadata);

/// Sets bos_token and eos_token of a rendering to the tokenizer's.
void set_special_texts(const Tokenizer& tokenizer, ChatTemplate::Input& input);

}  // namespace grpo::policy
