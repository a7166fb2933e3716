#include "policy/weights/hf_names.h"

#include <charconv>
#include <iterator>
#include <span>

#include "base/error.h"
#include "policy/weights/family.h"

namespace grpo::policy {
namespace {

/// Own name, Hugging Face name, GGUF name. In a layer's rows the prefixes `layers.N.`,
/// `model.layers.N.` and `blk.N.` are left out, and # stands for the number of an expert.
struct NameRow {
  std::string_view own, hf, gguf;
};

constexpr NameRow kGlobalNames[] = {
    {"embed", "model.embed_tokens.weight", "token_embd.weight"},
    {"final_norm", "model.norm.weight", "output_norm.weight"},
    {"head", "lm_head.weight", "output.weight"},
};

// Rows that a family writes in its own way; they come before kLayerNames.
constexpr NameRow kMixtralNames[] = {
    {"ffn.router", "block_sparse_moe.gate.weight", "ffn_gate_inp.weight"},
    {"ffn.experts.#.gate", "block_sparse_moe.experts.#.w1.weight", "ffn_gate_exps.weight"},
    {"ffn.experts.#.down", "block_sparse_moe.experts.#.w2.weight", "ffn_down_exps.weight"},
    {"ffn.experts.#.up", "block_sparse_moe.experts.#.w3.weight", "ffn_up_exps.weight"},
};
constexpr NameRow kPhi3Names[] = {
    {"attention.q", "self_attn.qkv_proj.weight", "attn_qkv.weight"},
    {"attention.k", "self_attn.qkv_proj.weight", "attn_qkv.weight"},
    {"attention.v", "self_attn.qkv_proj.weight", "attn_qkv.weight"},
    {"ffn.gate", "mlp.gate_up_proj.weight", "ffn_up.weight"},
    {"ffn.up", "mlp.gate_up_proj.weight", "ffn_up.weight"},
};
constexpr NameRow kLayerNames[] = {
    {"attention_norm", "input_layernorm.weight", "attn_norm.weight"},
    {"ffn_norm", "post_attention_layernorm.weight", "ffn_norm.weight"},
    {"attention.q", "self_attn.q_proj.weight", "attn_q.weight"},
    {"attention.k", "self_attn.k_proj.weight", "attn_k.weight"},
    {"attention.v", "self_attn.v_proj.weight", "attn_v.weight"},
    {"attention.o", "self_attn.o_proj.weight", "attn_output.weight"},
    {"attention.q.bias", "self_attn.q_proj.bias", "attn_q.bias"},
    {"attention.k.bias", "self_attn.k_proj.bias", "attn_k.bias"},
    {"attention.v.bias", "self_attn.v_proj.bias", "attn_v.bias"},
    {"attention.o.bias", "self_attn.o_proj.bias", "attn_output.bias"},
    {"attention.q_norm", "self_attn.q_norm.weight", "attn_q_norm.weight"},
    {"attention.k_norm", "self_attn.k_norm.weight", "attn_k_norm.weight"},
    {"attention.q_a", "self_attn.q_a_proj.weight", "attn_q_a.weight"},
    {"attention.q_a_norm", "self_attn.q_a_layernorm.weight", "attn_q_a_norm.weight"},
    {"attention.q_b", "self_attn.q_b_proj.weight", "attn_q_b.weight"},
    {"attention.kv_a", "self_attn.kv_a_proj_with_mqa.weight", "attn_kv_a_mqa.weight"},
    {"attention.kv_a_norm", "self_attn.kv_a_layernorm.weight", "attn_kv_a_norm.weight"},
    {"attention.kv_b", "self_attn.kv_b_proj.weight", "attn_kv_b.weight"},
    {"ffn.gate", "mlp.gate_proj.weight", "ffn_gate.weight"},
    {"ffn.up", "mlp.up_proj.weight", "ffn_up.weight"},
    {"ffn.down", "mlp.down_proj.weight", "ffn_down.weight"},
    {"ffn.gate.bias", "mlp.gate_proj.bias", "ffn_gate.bias"},
    {"ffn.up.bias", "mlp.up_proj.bias", "ffn_up.bias"},
    {"ffn.down.bias", "mlp.down_proj.bias", "ffn_down.bias"},
    {"ffn.router", "mlp.gate.weight", "ffn_gate_inp.weight"},
    {"ffn.correction_bias", "mlp.gate.e_score_correction_bias", "exp_probs_b.bias"},
    {"ffn.experts.#.gate", "mlp.experts.#.gate_proj.weight", "ffn_gate_exps.weight"},
    {"ffn.experts.#.up", "mlp.experts.#.up_proj.weight", "ffn_up_exps.weight"},
    {"ffn.experts.#.down", "mlp.experts.#.down_proj.weight", "ffn_down_exps.weight"},
    {"ffn.shared.gate", "mlp.shared_experts.gate_proj.weight", "ffn_gate_shexp.weight"},
    {"ffn.shared.up", "mlp.shared_experts.up_proj.weight", "ffn_up_shexp.weight"},
    {"ffn.shared.down", "mlp.shared_experts.down_proj.weight", "ffn_down_shexp.weight"},
};

/// An own name taken apart: `layers.3.ffn.experts.7.gate` is `gate` of layer 3 and expert 7.
struct OwnName {
  std::string_view row;
  int64_t layer = -1;
  int64_t expert = -1;
};

constexpr std::string_view kExperts = "ffn.experts.";

int64_t take_number(std::string_view& text) {
  int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return -1;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

OwnName take_apart(std::string_view name) {
  if (!name.starts_with("layers.")) return {.row = name};
  OwnName own;
  name.remove_prefix(7);
  own.layer = take_number(name);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.starts_with(kExperts)) {
    name.remove_prefix(kExperts.size());
    own.expert = take_number(name);
    if (name.starts_with('.')) name.remove_prefix(1);
  }
  own.row = name;
  return own;
}

/// Whether a row of the tables is the one of an own name.
bool is_row(std::string_view row, const OwnName& own) {
  if (own.expert < 0) return row == own.row;
  constexpr std::string_view kExpert = "ffn.experts.#.";
  return row.size() == kExpert.size() + own.row.size() && row.ends_with(own.row) &&
         row.starts_with(kExpert);
}

const NameRow& find_row(const ModelConfig& config, const OwnName& own) {
  const auto search = [&](std::span<const NameRow> rows) -> const NameRow* {
    for (const NameRow& row : rows) {
      if (is_row(row.own, own)) return &row;
    }
    return nullptr;
  };
  const NameRow* row = nullptr;
  if (own.layer < 0) {
    row = search(kGlobalNames);
  } else {
    if (config.model_type == "mixtral") row = search(kMixtralNames);
    if (config.model_type == "phi3") row = search(kPhi3Names);
    if (!row) row = search(kLayerNames);
  }
  check(row != nullptr, "{}: no such parameter", own.row);
  return *row;
}

void append_number(std::string& out, int64_t number) {
  char digits[20];
  out.append(digits, std::to_chars(digits, std::end(digits), number).ptr);
}

/// `prefix`, the layer's number, and the pattern with # as the expert's.
std::string fill(std::string_view prefix, const OwnName& own, std::string_view pattern) {
  std::string name;
  name.reserve(prefix.size() + pattern.size() + 8);
  if (own.layer >= 0) {
    name += prefix;
    append_number(name, own.layer);
    name += '.';
  }
  const size_t at = pattern.find('#');
  name += pattern.substr(0, at);
  if (at != std::string_view::npos) {
    append_number(name, own.expert);
    name += pattern.substr(at + 1);
  }
  return name;
}

/// Phi-3: qkv_proj holds q, k, v, and gate_up_proj holds gate, up, one below the other.
void place_in_fused(const ModelConfig& config, std::string_view row, TensorPlace& place) {
  const AttentionConfig& a = config.attention;
  const int64_t q = a.num_heads * a.head_dim;
  const int64_t kv = a.num_kv_heads * a.head_dim;
  if (row == "attention.q" || row == "attention.k" || row == "attention.v") {
    place.shape[0] = q + 2 * kv;
    place.first_row = row == "attention.q" ? 0 : row == "attention.k" ? q : q + kv;
  } else if (row == "ffn.gate" || row == "ffn.up") {
    place.shape[0] = 2 * config.intermediate_dim;
    place.first_row = row == "ffn.gate" ? 0 : config.intermediate_dim;
  }
}

}  // namespace

TensorPlace hf_place(const ModelConfig& config, const ParameterInfo& parameter) {
  const OwnName own = take_apart(parameter.name);
  const NameRow& row = find_row(config, own);
  TensorPlace place{.name = fill("model.layers.", own, row.hf), .shape = parameter.shape};
  if (config.model_type == "phi3") place_in_fused(config, row.own, place);
  return place;
}

TensorPlace gguf_place(const ModelConfig& config, const ParameterInfo& parameter) {
  const OwnName own = take_apart(parameter.name);
  const NameRow& row = find_row(config, own);
  TensorPlace place{.name = fill("blk.", own, row.gguf), .shape = parameter.shape};
  if (config.model_type == "phi3") place_in_fused(config, row.own, place);
  if (own.expert >= 0) {
    place.first_row = own.expert * parameter.shape[0];
    place.shape.insert(place.shape.begin(), config.moe.num_experts);
  }
  return place;
}

bool is_rotated(std::string_view own_name) {
  for (const std::string_view ending :
       {"attention.q", "attention.k", "attention.q.bias", "attention.k.bias"}) {
    if (own_name.ends_with(ending)) return true;
  }
  return false;
}

bool is_harmless_extra(const ModelConfig& config, std::string_view hf_name) {
  if (hf_name.ends_with(".rotary_emb.inv_freq")) return true;
  constexpr std::string_view kLayers = "model.layers.";
  if (config.model_type != "deepseek_v3" || !hf_name.starts_with(kLayers)) return false;
  hf_name.remove_prefix(kLayers.size());
  return take_number(hf_name) >= config.num_layers;
}

}  // namespace grpo::policy
