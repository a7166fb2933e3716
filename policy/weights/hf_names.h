#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model_config.h"

namespace grpo::policy {

/// A parameter of the decoder under its own name: `embed`, `layers.3.attention.q`,
/// `layers.3.attention.q.bias`, `layers.3.ffn.experts.7.gate`, `final_norm`, `head`.
struct ParameterInfo {
  std::string name;
  std::vector<int64_t> shape;  ///< [out, in], or [n] for norms and biases

  /// Numbers in a row; one of an [n].
  int64_t columns() const { return shape.size() > 1 ? shape[1] : 1; }
};

/// Every parameter of the model, in order: the one list that decoder, readers and writers follow.
std::vector<ParameterInfo> parameter_list(const ModelConfig& config);

/// Where a parameter lies in a published checkpoint: rows [first_row, first_row + out) of the
/// stored tensor, whose leading dimensions are taken together as rows. Most are a tensor of their
/// own; Phi-3 fuses q, k, v and gate, up; GGUF stacks experts.
struct TensorPlace {
  std::string name;
  std::vector<int64_t> shape;  ///< of the whole stored tensor, torch order (slowest axis first)
  int64_t first_row = 0;
};

TensorPlace hf_place(const ModelConfig& config, const ParameterInfo& parameter);
TensorPlace gguf_place(const ModelConfig& config, const ParameterInfo& parameter);

/// Whether rows of the parameter (or its numbers, a bias) are what rotary embeddings turn: q and k.
bool is_rotated(std::string_view own_name);

/// Tensors that a published checkpoint may hold beside the model's own: rotary tables of old
/// exports, and the layers of a multi-token prediction module.
bool is_harmless_extra(const ModelConfig& config, std::string_view hf_name);

}  // namespace grpo::policy
