#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "policy/tokenizer/tokenizer.h"
#include "policy/weights/gguf.h"

namespace grpo::policy {

/// Source of the chat template of a Hugging Face folder: chat_template.jinja, else `chat_template` of
/// tokenizer_config.json (a text, or a list of named ones, of which "default" counts). Empty: none.
std::string hf_chat_template(const std::filesystem::path& folder);

/// The tokenizer in a GGUF file's metadata (tokenizer.ggml.*).
std::unique_ptr<Tokenizer> gguf_tokenizer(const GgufFile& gguf);
/// Its tokenizer.chat_template; empty: none.
std::string gguf_chat_template(const GgufFile& gguf);

}  // namespace grpo::policy
