#pragma once

#include "policy/model_config.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {

/// `bos_token_id` and `eos_token_id` (one id or a list) of config.json or generation_config.json;
/// what is there replaces what `config` holds. Throws on an id outside the vocabulary. The same for
/// `pad_token_id`, which is none outside the vocabulary.
void read_special_ids(JsonFields& fields, ModelConfig& config);

/// generation_config.json of a model's folder; {} for a file, and where there is none. Throws Error
/// unless it is an object.
nlohmann::json read_generation_config(const std::filesystem::path& model);

}  // namespace grpo::policy
