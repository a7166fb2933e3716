#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "policy/model_config.h"
#include "policy/weights/gguf_writer.h"
#include "policy/weights/hf_writer.h"

namespace grpo::policy {

struct GgufWriteOptions {
  StoredType type = StoredType::kBf16;  ///< of matrices: float32, float16, bfloat16 or q8_0
  /// q8_0: of matrices whose rows are no whole blocks.
  StoredType unblocked_type = StoredType::kF16;
  std::string name;  ///< general.name; empty: none
  /// Adds what the weights do not know: the tokenizer's keys.
  std::function<void(GgufMetadata&)> add_metadata;
};

/// Writes a .gguf file that llama.cpp loads: experts stacked, kv_b cut into k_b and v_b, rows of q
/// and k permuted where the architecture has it so. As in llama.cpp's converter, vectors (norms,
/// biases) and routers are float32 whatever the type. The file appears whole or not at all. Holds
/// a few rows, or one head, at a time. Throws Error (exit code 2) naming what GGUF cannot hold.
void write_gguf(const std::filesystem::path& file, const ModelConfig& config,
                const RowSource& source, const GgufWriteOptions& options = {});

}  // namespace grpo::policy
