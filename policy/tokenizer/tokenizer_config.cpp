#include "policy/tokenizer/tokenizer_config.h"

#include <charconv>

#include "base/file.h"
#include "base/json.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

/// A special token is written as a string or as an object with its flags.
std::optional<std::string> token_content(const JsonNode& node, std::string_view key) {
  if (!node.has(key)) return {};
  const JsonNode token = node.at(key);
  return token.value().is_object() ? token.string("content") : token.string();
}

void read_token(const JsonNode& node, std::string_view key, std::optional<std::string>& token) {
  if (!token) token = token_content(node, key);
}

void read_tokens(const JsonNode& node, TokenizerConfig& config) {
  read_token(node, "bos_token", config.bos);
  read_token(node, "eos_token", config.eos);
  read_token(node, "pad_token", config.pad);
  read_token(node, "unk_token", config.unk);
}

std::optional<bool> optional_flag(const JsonNode& node, std::string_view key) {
  return node.has(key) ? std::optional<bool>(node.at(key).boolean()) : std::nullopt;
}

void read_added_tokens(const JsonNode& decoder, std::vector<AddedToken>& tokens) {
  if (!decoder.value().is_object()) decoder.fail("expected an object of id to token");
  for (const auto& [key, unused] : decoder.value().items()) {
    int32_t id = -1;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      decoder.fail("\"{}\" is not an id", key);
    }
    tokens.push_back(read_added_token(decoder.at(key), id));
  }
}

}  // namespace

TokenizerConfig TokenizerConfig::from_directory(const fs::path& directory) {
  TokenizerConfig config;
  const fs::path path = directory / "tokenizer_config.json";
  if (fs::exists(path)) {
    config.config_text = read_file(path);
    const auto json = parse_json(config.config_text, path.string());
    const JsonNode node(json, path.string());
    read_tokens(node, config);
    config.add_bos = optional_flag(node, "add_bos_token");
    config.add_eos = optional_flag(node, "add_eos_token");
    config.legacy = optional_flag(node, "legacy");
    if (node.has("tokenizer_class")) config.tokenizer_class = node.string("tokenizer_class");
    if (node.has("added_tokens_decoder")) {
      read_added_tokens(node.at("added_tokens_decoder"), config.added_tokens);
    }
  }
  const fs::path map_path = directory / "special_tokens_map.json";
  if (fs::exists(map_path)) {
    config.special_tokens_map_text = read_file(map_path);
    const auto json = parse_json(config.special_tokens_map_text, map_path.string());
    read_tokens(JsonNode(json, map_path.string()), config);
  }
  return config;
}

bool TokenizerConfig::overrides_template() const {
  return (add_bos || add_eos) &&
         (tokenizer_class == "LlamaTokenizer" || tokenizer_class == "LlamaTokenizerFast");
}

void TokenizerConfig::save(const fs::path& directory) const {
  nlohmann::ordered_json tokens = nlohmann::ordered_json::object();
  if (bos) tokens["bos_token"] = *bos;
  if (eos) tokens["eos_token"] = *eos;
  if (pad) tokens["pad_token"] = *pad;
  if (unk) tokens["unk_token"] = *unk;
  std::string config_file = config_text, map_file = special_tokens_map_text;
  if (config_file.empty()) {
    nlohmann::ordered_json config = tokens;
    if (add_bos) config["add_bos_token"] = *add_bos;
    if (add_eos) config["add_eos_token"] = *add_eos;
    if (legacy) config["legacy"] = *legacy;
    if (add_prefix_space) config["add_prefix_space"] = *add_prefix_space;
    for (const AddedToken& token : added_tokens) {
      config["added_tokens_decoder"][std::to_string(token.id)] = {
          {"content", token.content},       {"single_word", token.single_word},
          {"lstrip", token.lstrip},         {"rstrip", token.rstrip},
          {"normalized", token.normalized}, {"special", token.special}};
    }
    config["clean_up_tokenization_spaces"] = false;
    // Otherwise transformers makes token_type_ids too, which its own generate() then refuses.
    config["model_input_names"] = {"input_ids", "attention_mask"};
    config["tokenizer_class"] =
        tokenizer_class.empty() ? "PreTrainedTokenizerFast" : tokenizer_class;
    config_file = config.dump(2) + "\n";
  }
  if (map_file.empty()) map_file = tokens.dump(2) + "\n";
  write_atomically(directory / "tokenizer_config.json", config_file);
  write_atomically(directory / "special_tokens_map.json", map_file);
}

}  // namespace grpo::policy
