#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "policy/model_config.h"
#include "policy/weights/dequant.h"
#include "policy/weights/row_source.h"

namespace grpo::policy {

struct HfWriteOptions {
  StoredType dtype = StoredType::kBf16;             ///< float32, bfloat16 or float16
  int64_t shard_bytes = int64_t{5} << 30;           ///< larger models are cut into shards
  nlohmann::json extra = nlohmann::json::object();  ///< keys put into config.json as they are
  /// What generation_config.json says besides special ids, which are the configuration's: sampling
  /// settings of the model that is converted.
  nlohmann::json generation = nlohmann::json::object();
  /// Puts further files (tokenizer, trainer's state) into the folder before it appears.
  std::function<void(const std::filesystem::path&)> add_files;
};

/// Writes config.json, generation_config.json and safetensors that transformers loads. The folder
/// appears whole or not at all; it must not exist. Holds a few rows at a time, never a whole model.
/// DeepSeek's correction bias stays float32, as it must not be rounded between updates.
void write_hf(const std::filesystem::path& dir, const ModelConfig& config, const RowSource& source,
              const HfWriteOptions& options = {});

/// The same into an existing folder, for callers that have their own way of making it appear.
void write_hf_files(const std::filesystem::path& dir, const ModelConfig& config,
                    const RowSource& source, const HfWriteOptions& options = {});

}  // namespace grpo::policy
