#include "policy/weights/hf_names.h"

namespace grpo::policy {
namespace {

class List {
 public:
  void add(std::string name, std::vector<int64_t> shape) {
    parameters.push_back({.name = std::move(name), .shape = std::move(shape)});
  }
  /// A linear layer [out, in] and, where it has one, its bias [out].
  void linear(const std::string& name, int64_t out, int64_t in, bool bias = false) {
    add(name, {out, in});
    if (bias) add(name + ".bias", {out});
  }

  std::vector<ParameterInfo> parameters;
};

void add_gqa(const ModelConfig& c, const std::string& prefix, List& list) {
  const AttentionConfig& a = c.attention;
  const int64_t q = a.num_heads * a.head_dim;
  const int64_t kv = a.num_kv_heads * a.head_dim;
  list.linear(prefix + "q", q, c.hidden_dim, a.qkv_bias);
  list.linear(prefix + "k", kv, c.hidden_dim, a.qkv_bias);
  list.linear(prefix + "v", kv, c.hidden_dim, a.qkv_bias);
  list.linear(prefix + "o", c.hidden_dim, q, a.output_bias);
  if (a.qk_norm == QkNorm::kNone) return;
  const bool per_head = a.qk_norm == QkNorm::kPerHead;
  list.add(prefix + "q_norm", {per_head ? a.head_dim : q});
  list.add(prefix + "k_norm", {per_head ? a.head_dim : kv});
}

void add_mla(const ModelConfig& c, const std::string& prefix, List& list) {
  const AttentionConfig& a = c.attention;
  const int64_t q = a.num_heads * a.head_dim;
  if (a.q_lora_rank > 0) {
    list.linear(prefix + "q_a", a.q_lora_rank, c.hidden_dim);
    list.add(prefix + "q_a_norm", {a.q_lora_rank});
    list.linear(prefix + "q_b", q, a.q_lora_rank);
  } else {
    list.linear(prefix + "q", q, c.hidden_dim);
  }
  list.linear(prefix + "kv_a", a.kv_lora_rank + a.rope_dim, c.hidden_dim);
  list.add(prefix + "kv_a_norm", {a.kv_lora_rank});
  list.linear(prefix + "kv_b", a.num_heads * (a.nope_dim + a.v_head_dim), a.kv_lora_rank);
  list.linear(prefix + "o", c.hidden_dim, a.num_heads * a.v_head_dim);
}

void add_mlp(const ModelConfig& c, const std::string& prefix, int64_t width, bool bias,
             List& list) {
  list.linear(prefix + "gate", width, c.hidden_dim, bias);
  list.linear(prefix + "up", width, c.hidden_dim, bias);
  list.linear(prefix + "down", c.hidden_dim, width, bias);
}

void add_moe(const ModelConfig& c, const std::string& prefix, List& list) {
  const MoeConfig& m = c.moe;
  list.linear(prefix + "router", m.num_experts, c.hidden_dim);
  if (m.correction_bias) list.add(prefix + "correction_bias", {m.num_experts});
  for (int64_t e = 0; e < m.num_experts; ++e) {
    add_mlp(c, prefix + "experts." + std::to_string(e) + ".", m.expert_dim, /*bias=*/false, list);
  }
  if (m.shared_dim > 0) add_mlp(c, prefix + "shared.", m.shared_dim, /*bias=*/false, list);
}

}  // namespace

std::vector<ParameterInfo> parameter_list(const ModelConfig& c) {
  List list;
  list.add("embed", {c.vocab_size, c.hidden_dim});
  for (size_t i = 0; i < c.layers.size(); ++i) {
    const std::string layer = "layers." + std::to_string(i) + ".";
    list.add(layer + "attention_norm", {c.hidden_dim});
    if (c.attention.kind == AttentionKind::kMla) {
      add_mla(c, layer + "attention.", list);
    } else {
      add_gqa(c, layer + "attention.", list);
    }
    list.add(layer + "ffn_norm", {c.hidden_dim});
    if (c.layers[i].moe) {
      add_moe(c, layer + "ffn.", list);
    } else {
      add_mlp(c, layer + "ffn.", c.intermediate_dim, c.mlp_bias, list);
    }
  }
  list.add("final_norm", {c.hidden_dim});
  if (!c.tied_embeddings) list.add("head", {c.vocab_size, c.hidden_dim});
  return std::move(list.parameters);
}

}  // namespace grpo::policy
