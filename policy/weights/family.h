#pragma once

#include <string_view>

#include "policy/model_config.h"

namespace grpo::policy {

enum class BiasRule {
  kNever,
  kQkvAlways,
  kByKey
};  ///< by key: `attention_bias`, then q, k, v and o
enum class WindowRule {
  kNone,
  kEveryLayer,    ///< `sliding_window` not null
  kByLayerTypes,  ///< `use_sliding_window`, and `layer_types` or `max_window_layers`
};

/// What a transformers model type fixes beyond its config.json (docs/models.md).
/// Source: transformers, models/<model_type>/{configuration,modeling}_<model_type>.py.
struct Family {
  std::string_view model_type;
  std::string_view architecture;
  AttentionKind attention = AttentionKind::kGqa;
  BiasRule bias = BiasRule::kNever;
  bool mlp_bias = false;  ///< reads the key `mlp_bias`
  QkNorm qk_norm = QkNorm::kNone;
  bool moe = false;
  WindowRule window = WindowRule::kNone;
  int64_t missing_window = 0;      ///< what a missing `sliding_window` key means
  bool missing_tied = false;       ///< what a missing `tie_word_embeddings` key means
  double missing_theta = 10000;    ///< what a missing `rope_theta` key means
  bool fused_projections = false;  ///< Phi-3: qkv_proj and gate_up_proj
};

/// nullptr when the model type is not known.
const Family* find_family(std::string_view model_type);

/// All known model types, for messages.
std::string_view known_families();

}  // namespace grpo::policy
