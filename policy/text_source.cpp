#include "policy/text_source.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "policy/tokenizer/gguf_vocab.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

std::optional<int32_t> find_id(const GgufFile& gguf, const char* key) {
  const auto id = gguf.find_integer(key);
  return id ? std::optional<int32_t>(static_cast<int32_t>(*id)) : std::nullopt;
}

}  // namespace

std::string hf_chat_template(const fs::path& folder) {
  if (const fs::path file = folder / "chat_template.jinja"; fs::exists(file)) {
    return read_file(file);
  }
  const fs::path file = folder / "tokenizer_config.json";
  if (!fs::exists(file)) return {};
  const Json json = parse_json(read_file(file), file.string());
  const auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  check_input(found->is_array() && !found->empty(),
              "{}: chat_template: expected a text or a list of named ones", file.string());
  for (const Json& named : *found) {
    if (named.value("name", "") == "default") return named.value("template", "");
  }
  throw Error(
      fmt::format("{}: chat_template: none of the named ones is \"default\"", file.string()), 2);
}

std::unique_ptr<Tokenizer> gguf_tokenizer(const GgufFile& gguf) {
  GgufVocab vocab;
  vocab.file = gguf.path().string();
  vocab.model = gguf.text("tokenizer.ggml.model");
  vocab.pre = gguf.find_text("tokenizer.ggml.pre").value_or("");
  for (const auto token : gguf.texts("tokenizer.ggml.tokens")) vocab.tokens.emplace_back(token);
  if (gguf.has("tokenizer.ggml.scores")) {
    for (const double s : gguf.numbers("tokenizer.ggml.scores")) {
      vocab.scores.push_back(static_cast<float>(s));
    }
  }
  if (gguf.has("tokenizer.ggml.token_type")) {
    for (const int64_t t : gguf.integers("tokenizer.ggml.token_type")) {
      vocab.token_type.push_back(static_cast<int32_t>(t));
    }
  }
  if (gguf.has("tokenizer.ggml.merges")) {
    for (const auto merge : gguf.texts("tokenizer.ggml.merges")) vocab.merges.emplace_back(merge);
  }
  vocab.bos = find_id(gguf, "tokenizer.ggml.bos_token_id");
  vocab.eos = find_id(gguf, "tokenizer.ggml.eos_token_id");
  vocab.unk = find_id(gguf, "tokenizer.ggml.unknown_token_id");
  vocab.pad = find_id(gguf, "tokenizer.ggml.padding_token_id");
  vocab.add_bos = gguf.find_boolean("tokenizer.ggml.add_bos_token");
  vocab.add_eos = gguf.find_boolean("tokenizer.ggml.add_eos_token");
  vocab.add_space_prefix = gguf.find_boolean("tokenizer.ggml.add_space_prefix");
  return Tokenizer::from_gguf_vocab(vocab);
}

std::string gguf_chat_template(const GgufFile& gguf) {
  return std::string(gguf.find_text("tokenizer.chat_template").value_or(""));
}

}  // namespace grpo::policy
