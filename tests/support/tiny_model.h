#pragma once

#include <string>
#include <vector>

#include "policy/decoder.h"
#include "policy/model_config.h"

namespace grpo::testing {

/// Small configurations of every kind of block, for tests of decoder, engine and learner.
inline policy::ModelConfig tiny_config(const std::string& kind) {
  policy::ModelConfig c;
  c.model_type = "qwen3";
  c.vocab_size = 41;
  c.hidden_dim = 24;
  c.intermediate_dim = 40;
  c.num_layers = 2;
  c.max_context = 128;
  c.tied_embeddings = kind == "tied";
  c.rope.rotary_dim = 8;
  c.attention.num_heads = 4;
  c.attention.num_kv_heads = 2;
  c.attention.head_dim = c.attention.v_head_dim = 8;
  c.attention.softmax_scale = 0.3535533905932738;
  c.layers.resize(2);
  c.eos = {0};
  if (kind == "bias") {
    c.model_type = "qwen2";
    c.attention.qkv_bias = true;
  }
  if (kind == "qk_norm") c.attention.qk_norm = policy::QkNorm::kPerHead;
  if (kind == "window") c.layers[1].sliding_window = 5;
  if (kind == "moe") {
    c.model_type = "qwen3_moe";
    c.moe.num_experts = 5;
    c.moe.top_k = 2;
    c.moe.expert_dim = 16;
    c.layers[1].moe = true;
  }
  if (kind == "mla") {
    c.model_type = "deepseek_v3";
    auto& a = c.attention;
    a.kind = policy::AttentionKind::kMla;
    a.num_kv_heads = 4;
    a.kv_lora_rank = 12;
    a.nope_dim = 8;
    a.rope_dim = 4;
    a.head_dim = 12;
    a.v_head_dim = 8;
    a.softmax_scale = 0.2886751345948129;
    c.rope.rotary_dim = 4;
    c.rope.interleaved = true;
    c.moe.num_experts = 6;
    c.moe.top_k = 2;
    c.moe.expert_dim = 16;
    c.moe.shared_dim = 16;
    c.moe.score = policy::RouterScore::kSigmoid;
    c.moe.correction_bias = true;
    c.moe.scale = 1.5;
    c.layers[1].moe = true;
  }
  return c;
}

inline const std::vector<std::string>& tiny_kinds() {
  static const std::vector<std::string> kinds = {"tied", "bias", "qk_norm", "window", "moe", "mla"};
  return kinds;
}

}  // namespace grpo::testing
