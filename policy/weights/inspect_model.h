#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace grpo::policy {

/// What `grpo inspect model` prints of the weights. Of a model that cannot be run, the numbers are
/// those that its files say; what they do not say stays empty.
struct ModelSummary {
  std::string family;  ///< model_type, or GGUF's architecture
  std::optional<int64_t> parameters, active_parameters;
  std::optional<int64_t> layers, hidden, heads, kv_heads, vocabulary, context;
  std::string dtype;  ///< of most of the stored bytes: "bfloat16", "q4_K", …
  int64_t bytes = 0;  ///< size of the weight files
  std::optional<int64_t> kv_bytes_per_token;  ///< of the cache in bfloat16, all layers
  std::optional<int32_t> bos;
  std::vector<int32_t> eos;
  bool chat_template = false;
  std::vector<std::string> unsupported;  ///< why it cannot be run; empty when it can
};

/// Reads headers only. Throws Error when there is no model, or a file is malformed.
ModelSummary inspect_model(const std::filesystem::path& model);

}  // namespace grpo::policy
