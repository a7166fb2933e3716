// ModelConfig::to_gguf: the metadata that llama.cpp and from_gguf read back to the same model.
// Source: llama.cpp, conversion/*.py and src/models/*.cpp, gguf-py/gguf/constants.py.

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "policy/model_config.h"
#include "policy/weights/gguf_architecture.h"
#include "policy/weights/gguf_writer.h"
#include "policy/weights/hf_rope.h"

namespace grpo::policy {
namespace {

/// Adds keys under the architecture's prefix.
class Fields {
 public:
  Fields(GgufMetadata& metadata, std::string_view architecture)
      : metadata_(metadata), prefix_(fmt::format("{}.", architecture)) {}

  void integer(std::string_view key, int64_t value) {
    metadata_.add_integer(prefix_ + std::string(key), value);
  }
  void number(std::string_view key, double value) {
    metadata_.add_number(prefix_ + std::string(key), value);
  }
  void boolean(std::string_view key, bool value) {
    metadata_.add_boolean(prefix_ + std::string(key), value);
  }
  void text(std::string_view key, std::string_view value) {
    metadata_.add_text(prefix_ + std::string(key), value);
  }

 private:
  GgufMetadata& metadata_;
  std::string prefix_;
};

/// Refuses what a GGUF file of this model's architecture cannot say.
void require(bool condition, const ModelConfig& c, std::string_view what) {
  check_input(condition, "{}: {}: GGUF's architecture {} has no form for it", c.model_type, what,
              find_gguf_architecture(c.model_type)->name);
}

bool close(double a, double b) { return std::fabs(a - b) <= 1e-6 * std::fabs(b); }

void write_yarn(const ModelConfig& c, Fields& f) {
  const RopeConfig& rope = c.rope;
  require(rope.yarn_truncate, c, "rope_scaling.truncate = false");
  f.text("rope.scaling.type", "yarn");
  f.number("rope.scaling.factor", rope.factor);
  f.integer("rope.scaling.original_context_length", static_cast<int64_t>(rope.original_context));
  if (rope.beta_fast != 32) f.number("rope.scaling.yarn_beta_fast", rope.beta_fast);
  if (rope.beta_slow != 1) f.number("rope.scaling.yarn_beta_slow", rope.beta_slow);
  if (c.attention.kind == AttentionKind::kMla && rope.mscale_all_dim != 0) {
    require(rope.mscale == rope.mscale_all_dim && close(rope.cos_sin_factor, 1), c,
            "rope_scaling.mscale other than mscale_all_dim");
    f.number("rope.scaling.yarn_log_multiplier", 0.1 * rope.mscale_all_dim);
    return;
  }
  require(close(rope.cos_sin_factor, yarn_mscale(rope.factor, 1)), c,
          "rope_scaling.attention_factor");
}

void write_rope(const ModelConfig& c, Fields& f) {
  const RopeConfig& rope = c.rope;
  f.number("rope.freq_base", rope.theta);
  f.integer("rope.dimension_count", rope.rotary_dim);
  switch (rope.scaling) {
    case RopeScalingKind::kNone:
    case RopeScalingKind::kLlama3:  // a tensor, rope_freqs.weight
      return;
    case RopeScalingKind::kLinear:
      f.text("rope.scaling.type", "linear");
      f.number("rope.scaling.factor", rope.factor);
      return;
    case RopeScalingKind::kYarn:
      write_yarn(c, f);
      return;
    case RopeScalingKind::kLongrope:
      require(false, c, "rope_scaling.type longrope");
  }
}

/// llama.cpp knows no window in these architectures; phi3's key says one for all layers.
void write_windows(const ModelConfig& c, Fields& f) {
  int64_t window = 0;
  bool every = true;
  for (const LayerConfig& layer : c.layers) {
    const bool slides = layer.sliding_window > 0 && layer.sliding_window < c.max_context;
    if (slides) window = layer.sliding_window;
    every &= slides;
  }
  if (window == 0) return;
  require(c.model_type == "phi3" && every, c, fmt::format("sliding_window {}", window));
  f.integer("attention.sliding_window", window);
}

void write_gqa(const ModelConfig& c, Fields& f) {
  const AttentionConfig& a = c.attention;
  f.integer("attention.head_count_kv", a.num_kv_heads);
  f.integer("attention.key_length", a.head_dim);
  f.integer("attention.value_length", a.v_head_dim);
  require(a.clip_qkv == 0, c, "clip_qkv");
  const bool any_bias = c.model_type == "llama" || c.model_type == "granite";
  require(any_bias || (!a.output_bias && !c.mlp_bias), c, "attention_bias or mlp_bias");
  require(any_bias || c.model_type == "qwen2" || !a.qkv_bias, c, "attention_bias");
  require(c.model_type != "qwen2" || a.qkv_bias, c, "no bias of q, k and v");
}

void write_mla(const ModelConfig& c, Fields& f) {
  const AttentionConfig& a = c.attention;
  require(c.rope.interleaved, c, "rope_interleave = false");
  // The absorbed form, which llama.cpp computes: one key of the latent and the rotated dims, whose
  // first part is the value. The heads' own sizes stand under `_mla`.
  f.integer("attention.head_count_kv", 1);
  f.integer("attention.key_length", a.kv_lora_rank + a.rope_dim);
  f.integer("attention.value_length", a.kv_lora_rank);
  f.integer("attention.key_length_mla", a.head_dim);
  f.integer("attention.value_length_mla", a.v_head_dim);
  if (a.q_lora_rank > 0) f.integer("attention.q_lora_rank", a.q_lora_rank);
  f.integer("attention.kv_lora_rank", a.kv_lora_rank);
}

void write_deepseek_moe(const ModelConfig& c, Fields& f) {
  const MoeConfig& m = c.moe;
  const auto first = std::ranges::find_if(c.layers, &LayerConfig::moe);
  require(std::all_of(first, c.layers.end(), [](const LayerConfig& layer) { return layer.moe; }), c,
          "dense layers after MoE layers");
  require(m.shared_dim % m.expert_dim == 0, c, fmt::format("shared expert of {}", m.shared_dim));
  f.integer("leading_dense_block_count", first - c.layers.begin());
  f.integer("expert_feed_forward_length", m.expert_dim);
  f.integer("expert_shared_count", m.shared_dim / m.expert_dim);
  f.number("expert_weights_scale", m.scale);
  f.boolean("expert_weights_norm", m.renormalize);
  f.integer("expert_gating_func", m.score == RouterScore::kSigmoid ? 2 : 1);
  if (m.num_groups > 1) {
    f.integer("expert_group_count", m.num_groups);
    f.integer("expert_group_used_count", m.top_groups);
  }
}

void write_moe(const ModelConfig& c, Fields& f) {
  const MoeConfig& m = c.moe;
  f.integer("expert_count", m.num_experts);
  f.integer("expert_used_count", m.top_k);
  if (c.attention.kind == AttentionKind::kMla) {
    write_deepseek_moe(c, f);
    return;
  }
  require(std::ranges::all_of(c.layers, &LayerConfig::moe), c, "dense layers among MoE layers");
  // llama.cpp has it in its code, by architecture.
  const bool renormalizes = c.model_type != "olmoe";
  require(m.renormalize == renormalizes, c, fmt::format("norm_topk_prob = {}", m.renormalize));
  if (c.model_type == "qwen3_moe") f.integer("expert_feed_forward_length", m.expert_dim);
}

}  // namespace

GgufMetadata ModelConfig::to_gguf() const {
  const GgufArchitecture* architecture = find_gguf_architecture(model_type);
  check_input(architecture != nullptr, "{}: GGUF has no such architecture; known: {}", model_type,
              known_gguf_architectures());
  GgufMetadata metadata;
  metadata.add_text("general.architecture", architecture->name);
  metadata.add_text("general.type", "model");
  Fields f(metadata, architecture->name);
  f.integer("vocab_size", vocab_size);
  f.integer("context_length", max_context);
  f.integer("embedding_length", hidden_dim);
  f.integer("block_count", num_layers);
  f.integer("feed_forward_length", intermediate_dim);
  f.integer("attention.head_count", attention.num_heads);
  f.number("attention.layer_norm_rms_epsilon", norm_eps);
  if (attention.kind == AttentionKind::kMla) {
    write_mla(*this, f);
  } else {
    write_gqa(*this, f);
  }
  write_rope(*this, f);
  write_windows(*this, f);
  if (moe.num_experts > 0) write_moe(*this, f);
  if (model_type == "granite") {
    f.number("attention.scale", attention.softmax_scale);
    f.number("embedding_scale", embedding_multiplier);
    f.number("residual_scale", residual_multiplier);
    f.number("logit_scale", logits_divisor);
  }
  for (size_t i = 0; i < layers.size(); ++i) {
    const bool rotates = model_type != "smollm3" || (i + 1) % 4 != 0;  // as llama.cpp has it
    require(layers[i].rope == rotates, *this, "no_rope_layers");
  }
  return metadata;
}

}  // namespace grpo::policy
