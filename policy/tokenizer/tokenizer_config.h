#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "policy/tokenizer/added_tokens.h"

namespace grpo::policy {

/// What stands beside a tokenizer.json or tokenizer.model: tokenizer_config.json and
/// special_tokens_map.json, as far as ids depend on them.
struct TokenizerConfig {
  std::optional<std::string> bos, eos, pad, unk;
  std::optional<bool> add_bos, add_eos;
  std::optional<bool> legacy;
  std::optional<bool> add_prefix_space;  ///< written only: tokenizer.model decides here
  std::string tokenizer_class;
  std::vector<AddedToken> added_tokens;  ///< added_tokens_decoder
  std::string config_text;               ///< the file, or empty
  std::string special_tokens_map_text;   ///< the file, or empty

  /// Reads the files that exist; Error with file and key for what is malformed.
  static TokenizerConfig from_directory(const std::filesystem::path& directory);

  /// Whether transformers lets add_bos_token and add_eos_token, and not tokenizer.json, decide what
  /// goes around a text: it does for the Llama classes.
  bool overrides_template() const;

  /// Writes both files: as read, or made from the fields when they were not read.
  void save(const std::filesystem::path& directory) const;
};

}  // namespace grpo::policy
