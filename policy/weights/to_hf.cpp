// ModelConfig::to_hf: the config.json that transformers and from_hf read back to the same model.

#include <algorithm>

#include "base/error.h"
#include "policy/weights/family.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

using nlohmann::json;

json rope_scaling(const RopeConfig& rope, const std::string& model_type) {
  check_input(rope.frequency_factors.empty(),
              "rope_freqs.weight: no llama3 scaling has these factors, and config.json no other "
              "form for them");
  switch (rope.scaling) {
    case RopeScalingKind::kNone:
      return nullptr;
    case RopeScalingKind::kLinear:
      return {{"rope_type", "linear"}, {"factor", rope.factor}};
    case RopeScalingKind::kLlama3:
      return {{"rope_type", "llama3"},
              {"factor", rope.factor},
              {"low_freq_factor", rope.low_freq_factor},
              {"high_freq_factor", rope.high_freq_factor},
              {"original_max_position_embeddings", static_cast<int64_t>(rope.original_context)}};
    case RopeScalingKind::kLongrope:
      // transformers' Phi3Config insists on exactly these keys.
      return {{"type", "longrope"},
              {"short_factor", rope.short_factors},
              {"long_factor", rope.long_factors}};
    case RopeScalingKind::kYarn: {
      json out = {
          {"rope_type", "yarn"},
          {"factor", rope.factor},
          {"beta_fast", rope.beta_fast},
          {"beta_slow", rope.beta_slow},
          {"original_max_position_embeddings", static_cast<int64_t>(rope.original_context)}};
      if (!rope.yarn_truncate) out["truncate"] = false;
      if (rope.mscale != 0) out["mscale"] = rope.mscale;
      if (rope.mscale_all_dim != 0) out["mscale_all_dim"] = rope.mscale_all_dim;
      // DeepSeek's factor follows from the two keys above; others say it.
      if (!model_type.starts_with("deepseek")) out["attention_factor"] = rope.cos_sin_factor;
      return out;
    }
  }
  throw Error("rope_scaling: unknown kind");
}

void write_gqa(const ModelConfig& c, const Family& family, json& j) {
  const AttentionConfig& a = c.attention;
  j["head_dim"] = a.head_dim;
  if (family.bias == BiasRule::kByKey) j["attention_bias"] = a.qkv_bias;
  const bool bias_fits = family.bias == BiasRule::kByKey       ? a.output_bias == a.qkv_bias
                         : family.bias == BiasRule::kQkvAlways ? a.qkv_bias && !a.output_bias
                                                               : !a.qkv_bias && !a.output_bias;
  check(bias_fits, "{}: config.json cannot say which projections have a bias", c.model_type);
}

void write_mla(const ModelConfig& c, json& j) {
  const AttentionConfig& a = c.attention;
  j["q_lora_rank"] = a.q_lora_rank > 0 ? json(a.q_lora_rank) : json(nullptr);
  j["kv_lora_rank"] = a.kv_lora_rank;
  j["qk_nope_head_dim"] = a.nope_dim;
  j["qk_rope_head_dim"] = a.rope_dim;
  j["v_head_dim"] = a.v_head_dim;
  j["head_dim"] = a.rope_dim;  // transformers takes the rotated size from here
  j["attention_bias"] = false;
}

void write_deepseek_moe(const ModelConfig& c, json& j) {
  const MoeConfig& m = c.moe;
  const bool v3 = c.model_type == "deepseek_v3";
  const auto first =
      std::ranges::find_if(c.layers, [](const LayerConfig& layer) { return layer.moe; });
  check(std::all_of(first, c.layers.end(), [](const LayerConfig& layer) { return layer.moe; }),
        "{}: config.json cannot say that dense layers follow MoE layers", c.model_type);
  check(m.shared_dim % m.expert_dim == 0,
        "{}: shared expert of width {} is no multiple of an expert's {}", c.model_type,
        m.shared_dim, m.expert_dim);
  j["first_k_dense_replace"] = first - c.layers.begin();
  j["moe_layer_freq"] = 1;
  j["n_routed_experts"] = m.num_experts;
  j["num_experts_per_tok"] = m.top_k;
  j["moe_intermediate_size"] = m.expert_dim;
  // transformers' code needs a number; without a shared expert older code takes null.
  j["n_shared_experts"] = m.shared_dim > 0 ? json(m.shared_dim / m.expert_dim) : json(nullptr);
  j["n_group"] = m.num_groups;
  j["topk_group"] = m.top_groups;
  j["norm_topk_prob"] = m.renormalize;
  j["routed_scaling_factor"] = m.scale;
  j["scoring_func"] = v3 ? "sigmoid" : "softmax";
  j["topk_method"] = v3 ? "noaux_tc" : m.num_groups > 1 ? "group_limited_greedy" : "greedy";
  if (v3) j["rope_interleave"] = c.rope.interleaved;
}

void write_moe(const ModelConfig& c, json& j) {
  const MoeConfig& m = c.moe;
  j["num_experts_per_tok"] = m.top_k;
  if (c.model_type == "mixtral") {
    j["num_local_experts"] = m.num_experts;
    j["intermediate_size"] = m.expert_dim;
    return;
  }
  j["num_experts"] = m.num_experts;
  j["norm_topk_prob"] = m.renormalize;
  if (c.model_type == "olmoe") {
    j["intermediate_size"] = m.expert_dim;
    j["clip_qkv"] = c.attention.clip_qkv > 0 ? json(c.attention.clip_qkv) : json(nullptr);
    return;
  }
  j["moe_intermediate_size"] = m.expert_dim;
  j["decoder_sparse_step"] = 1;
  json dense = json::array();
  for (size_t i = 0; i < c.layers.size(); ++i) {
    if (!c.layers[i].moe) dense.push_back(i);
  }
  j["mlp_only_layers"] = dense;
}

void write_windows(const ModelConfig& c, const Family& family, json& j) {
  int64_t window = 0;
  bool every = true;
  json types = json::array();
  for (const LayerConfig& layer : c.layers) {
    window = std::max(window, layer.sliding_window);
    every &= layer.sliding_window > 0;
    types.push_back(layer.sliding_window > 0 ? "sliding_attention" : "full_attention");
  }
  for (const LayerConfig& layer : c.layers) {
    check(layer.sliding_window == 0 || layer.sliding_window == window,
          "{}: config.json cannot say that windows differ", c.model_type);
  }
  const json value = window > 0 ? json(window) : json(nullptr);
  if (family.window == WindowRule::kNone) {
    check(window == 0, "{}: config.json has no sliding window", c.model_type);
    return;
  }
  j["sliding_window"] = value;
  if (family.window == WindowRule::kEveryLayer) {
    check(window == 0 || every, "{}: config.json cannot say which layers slide", c.model_type);
    if (c.model_type == "qwen3_moe") j["use_sliding_window"] = window > 0;
    return;
  }
  j["use_sliding_window"] = window > 0;
  j["layer_types"] = types;
}

}  // namespace

json ModelConfig::to_hf() const {
  const Family* family = find_family(model_type);
  check(family != nullptr, "{}: no such model type", model_type);
  json j = {{"architectures", {family->architecture}},
            {"model_type", model_type},
            {"vocab_size", vocab_size},
            {"hidden_size", hidden_dim},
            {"intermediate_size", intermediate_dim},
            {"num_hidden_layers", num_layers},
            {"num_attention_heads", attention.num_heads},
            {"num_key_value_heads", attention.num_kv_heads},
            {"max_position_embeddings", max_context},
            {"rms_norm_eps", norm_eps},
            {"tie_word_embeddings", tied_embeddings},
            {"hidden_act", "silu"},
            {"rope_theta", rope.theta},
            {"rope_scaling", rope_scaling(rope, model_type)},
            {"bos_token_id", bos ? json(*bos) : json(nullptr)},
            {"eos_token_id", eos.size() == 1 ? json(eos[0]) : json(eos)},
            // Where the key is missing, some classes of transformers take a number of their own.
            {"pad_token_id", pad ? json(*pad) : json(nullptr)},
            {"attention_dropout", 0.0},
            {"initializer_range", 0.02},
            {"use_cache", true}};
  if (eos.empty()) j["eos_token_id"] = nullptr;
  if (family->mlp_bias) j["mlp_bias"] = mlp_bias;
  if (attention.kind == AttentionKind::kMla) {
    write_mla(*this, j);
    write_deepseek_moe(*this, j);
  } else {
    write_gqa(*this, *family, j);
    if (family->moe) write_moe(*this, j);
  }
  write_windows(*this, *family, j);
  if (model_type == "phi3") {
    const auto head_dim = static_cast<double>(attention.head_dim);
    const double part = static_cast<double>(rope.rotary_dim) / head_dim;
    check(static_cast<int64_t>(head_dim * part) == rope.rotary_dim,
          "partial_rotary_factor: no number gives {} rotated dims of {}", rope.rotary_dim,
          attention.head_dim);
    j["partial_rotary_factor"] = part;
    j["original_max_position_embeddings"] =
        rope.original_context > 0 ? static_cast<int64_t>(rope.original_context) : max_context;
  }
  if (model_type == "granite") {
    j["embedding_multiplier"] = embedding_multiplier;
    j["residual_multiplier"] = residual_multiplier;
    j["logits_scaling"] = logits_divisor;
    j["attention_multiplier"] = attention.softmax_scale;
  }
  if (model_type == "smollm3") {
    json has_rope = json::array();
    for (const LayerConfig& layer : layers) has_rope.push_back(layer.rope ? 1 : 0);
    j["no_rope_layers"] = has_rope;
  }
  return j;
}

}  // namespace grpo::policy
