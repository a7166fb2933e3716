#include "policy/text_source.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "policy/tokenizer/gguf_vocab.h"
#include "policy/weights/gguf.h"
#include "policy/weights/gguf_writer.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

std::optional<int32_t> find_id(const GgufFile& gguf, const char* key) {
  const auto id = gguf.find_integer(key);
  return id ? std::optional<int32_t>(static_cast<int32_t>(*id)) : std::nullopt;
}

/// A tokenizer.json or tokenizer.model; where neither is there, the one SentencePiece model.
std::unique_ptr<Tokenizer> folder_tokenizer(const fs::path& folder) {
  if (!fs::exists(folder / "tokenizer.json") && !fs::exists(folder / "tokenizer.model")) {
    std::vector<fs::path> models;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".model") models.push_back(entry.path());
    }
    if (models.size() == 1) return Tokenizer::from_sentencepiece(models[0]);
  }
  return Tokenizer::from_directory(folder);
}

void read_folder_template(const fs::path& folder, TextSource& source) {
  if (const fs::path file = folder / "chat_template.jinja"; fs::exists(file)) {
    source.template_text = read_file(file);
    source.template_name = file.string();
    return;
  }
  const fs::path file = folder / "tokenizer_config.json";
  if (!fs::exists(file)) return;
  source.template_name = file.string() + ": chat_template";
  const Json json = parse_json(read_file(file), file.string());
  const auto found = json.find("chat_template");
  if (found == json.end() || found->is_null()) return;
  if (found->is_string()) {
    source.template_text = found->get<std::string>();
    return;
  }
  check_input(found->is_array() && !found->empty(),
              "{}: chat_template: expected a text or a list of named ones", file.string());
  for (const Json& named : *found) {
    const JsonObject fields(named, file.string(), "chat_template");
    if (fields.required<std::string>("name") != "default") continue;
    source.template_text = fields.required<std::string>("template");
    return;
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

}  // namespace

TextSource read_text_source(const fs::path& model) {
  check_input(fs::exists(model), "{}: no such model", model.string());
  TextSource source;
  if (fs::is_directory(model)) {
    source.tokenizer = folder_tokenizer(model);
    read_folder_template(model, source);
  } else {
    const GgufFile gguf(model);
    source.tokenizer = gguf_tokenizer(gguf);
    source.template_text = gguf.find_text("tokenizer.chat_template").value_or("");
    source.template_name = model.string() + ": tokenizer.chat_template";
  }
  return source;
}

void check_vocabularies(const Tokenizer& tokenizer, int64_t model_vocabulary,
                        const fs::path& model) {
  check_input(tokenizer.vocab_size() <= model_vocabulary,
              "{}: the tokenizer has {} ids, the model's vocabulary only {}", model.string(),
              tokenizer.vocab_size(), model_vocabulary);
}

void add_text_source(const TextSource& source, const ModelConfig& config, GgufMetadata& metadata) {
  GgufVocab vocab = source.tokenizer->to_gguf();
  check_vocabularies(*source.tokenizer, config.vocab_size, vocab.file);
  vocab.pad_to(config.vocab_size);
  const auto key = [](std::string_view name) { return fmt::format("tokenizer.ggml.{}", name); };
  metadata.add_text(key("model"), vocab.model);
  metadata.add_text(key("pre"), vocab.pre);
  metadata.add_texts(key("tokens"), vocab.tokens);
  if (!vocab.scores.empty()) metadata.add_numbers(key("scores"), vocab.scores);
  metadata.add_integers(key("token_type"), vocab.token_type);
  if (!vocab.merges.empty()) metadata.add_texts(key("merges"), vocab.merges);
  const auto add_id = [&](std::string_view name, std::optional<int32_t> id) {
    if (id) metadata.add_integer(key(name), *id);
  };
  std::vector<int32_t> ends = config.eos;
  if (vocab.eos) {
    std::erase(ends, *vocab.eos);
    ends.insert(ends.begin(), *vocab.eos);
  }
  add_id("bos_token_id", vocab.bos ? vocab.bos : config.bos);
  constexpr std::string_view kEnds[] = {"eos_token_id", "eot_token_id", "eom_token_id"};
  for (size_t i = 0; i < std::min(ends.size(), std::size(kEnds)); ++i) add_id(kEnds[i], ends[i]);
  for (size_t i = std::size(kEnds); i < ends.size(); ++i) {
    log_warning("{}: id {} ends an answer too, but GGUF has no key for it", vocab.file, ends[i]);
  }
  add_id("unknown_token_id", vocab.unk);
  add_id("padding_token_id", vocab.pad ? vocab.pad : config.pad);
  if (vocab.add_bos) metadata.add_boolean(key("add_bos_token"), *vocab.add_bos);
  if (vocab.add_eos) metadata.add_boolean(key("add_eos_token"), *vocab.add_eos);
  if (vocab.add_space_prefix)
    metadata.add_boolean(key("add_space_prefix"), *vocab.add_space_prefix);
  if (!source.template_text.empty()) {
    metadata.add_text("tokenizer.chat_template", source.template_text);
  }
}

void set_special_texts(const Tokenizer& tokenizer, ChatTemplate::Input& input) {
  const auto text_of = [&](std::optional<int32_t> id) {
    return id ? tokenizer.id_to_token(*id) : std::string();
  };
  input.bos_token = text_of(tokenizer.bos());
  input.eos_token = text_of(tokenizer.eos());
}

}  // namespace grpo::policy
