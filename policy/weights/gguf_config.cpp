// ModelConfig::from_gguf: metadata of the architectures below.
// Source: llama.cpp, convert_hf_to_gguf.py and gguf-py/gguf/constants.py.

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "policy/model_config.h"
#include "policy/weights/family.h"
#include "policy/weights/gguf.h"
#include "policy/weights/gguf_architecture.h"
#include "policy/weights/hf_rope.h"
#include "policy/weights/llama3_rope.h"

namespace grpo::policy {
namespace {

/// Reads `<architecture>.` keys and remembers which, so that what is left over can be refused.
class Fields {
 public:
  Fields(const GgufFile& gguf, std::string_view architecture)
      : gguf_(gguf), prefix_(fmt::format("{}.", architecture)) {}

  bool has(std::string_view key) { return gguf_.has(full(key)); }
  int64_t integer(std::string_view key) { return gguf_.integer(full(key)); }
  int64_t integer(std::string_view key, int64_t fallback) {
    return gguf_.find_integer(full(key)).value_or(fallback);
  }
  double number(std::string_view key) { return gguf_.number(full(key)); }
  double number(std::string_view key, double fallback) {
    return gguf_.find_number(full(key)).value_or(fallback);
  }
  bool boolean(std::string_view key, bool fallback) {
    return gguf_.find_boolean(full(key)).value_or(fallback);
  }
  std::string_view text(std::string_view key, std::string_view fallback) {
    return gguf_.find_text(full(key)).value_or(fallback);
  }
  /// One number for all layers; a list per layer is refused unless all its entries are equal.
  int64_t uniform(std::string_view key) {
    const std::string name = full(key);
    if (!gguf_.is_array(name)) return gguf_.integer(name);
    const auto values = gguf_.integers(name);
    const bool equal =
        !values.empty() && std::ranges::all_of(values, [&](auto v) { return v == values[0]; });
    check_input(equal, "{}: {}: layers that differ are not supported", where(), name);
    return values[0];
  }
  void refuse_unread() const {
    for (const std::string_view key : gguf_.keys()) {
      check_input(!key.starts_with(prefix_) || read_.contains(std::string(key)),
                  "{}: {}: not supported", where(), key);
    }
  }
  std::string where() const { return gguf_.path().string(); }
  const GgufFile& gguf() const { return gguf_; }

 private:
  std::string full(std::string_view key) {
    return *read_.insert(fmt::format("{}{}", prefix_, key)).first;
  }

  const GgufFile& gguf_;
  std::string prefix_;
  std::set<std::string> read_;
};

std::string family_of(std::string_view architecture, Fields& f) {
  if (architecture == "llama") return f.integer("expert_count", 0) > 0 ? "mixtral" : "llama";
  if (architecture != "deepseek2") {
    return std::string(gguf_architecture_of(architecture)->model_type);
  }
  // 1 is softmax (DeepSeek-V2), 2 is sigmoid (V3, R1). Without the key only V2 files exist.
  const int64_t gating = f.integer("expert_gating_func", 1);
  check_input(gating == 1 || gating == 2, "{}: deepseek2.expert_gating_func: {} is not supported",
              f.where(), gating);
  return gating == 2 ? "deepseek_v3" : "deepseek_v2";
}

void read_rope(Fields& f, ModelConfig& c) {
  RopeConfig& rope = c.rope;
  rope.theta = f.number("rope.freq_base", 10000);
  const std::string_view type = f.text("rope.scaling.type", "none");
  const double factor = f.number("rope.scaling.factor", 0);
  const double original = f.number("rope.scaling.original_context_length", 0);
  const double log_multiplier = f.number("rope.scaling.yarn_log_multiplier", 0);
  if (type == "linear" || type == "yarn") {
    check_input(factor > 0 && std::isfinite(factor), "{}: rope.scaling.factor: {} is out of range",
                f.where(), factor);
    rope.factor = factor;
  }
  if (type == "linear") {
    rope.scaling = RopeScalingKind::kLinear;
  } else if (type == "yarn") {
    rope.scaling = RopeScalingKind::kYarn;
    check_input(original > 0, "{}: rope.scaling.original_context_length: missing", f.where());
    rope.original_context = original;
    rope.beta_fast = f.number("rope.scaling.yarn_beta_fast", 32);
    rope.beta_slow = f.number("rope.scaling.yarn_beta_slow", 1);
    // The file holds 0.1 * mscale_all_dim; every DeepSeek release has mscale equal to it.
    // In float32, as it was written: of 0.0707 it makes 0.707.
    rope.mscale_all_dim = rope.mscale = std::round(log_multiplier * 1e8) / 1e7;
    rope.cos_sin_factor = log_multiplier != 0 ? 1 : yarn_mscale(factor, 1);
    rope.cos_sin_factor = f.number("rope.scaling.yarn_attn_factor", rope.cos_sin_factor);
  } else {
    check_input(type == "none", "{}: rope.scaling.type: '{}' is not supported", f.where(), type);
  }
  if (const GgufTensor* factors = f.gguf().find("rope_freqs.weight")) {
    check_input(factors->shape == std::vector<int64_t>{rope.rotary_dim / 2} &&
                    factors->type == StoredType::kF32,
                "{}: rope_freqs.weight: expected [{}] float32", f.where(), rope.rotary_dim / 2);
    std::vector<float> values(static_cast<size_t>(rope.rotary_dim / 2));
    dequantize(StoredType::kF32, factors->bytes.data(), rope.rotary_dim / 2, values.data());
    for (const float value : values) {
      check_input(value > 0 && std::isfinite(value), "{}: rope_freqs.weight: {} is out of range",
                  f.where(), value);
      rope.frequency_factors.push_back(value);
    }
    // One definition for the engine, the learner, a checkpoint and what resumes from it.
    if (const auto llama3 = find_llama3(rope)) rope = *llama3;
  }
}

void read_gqa(Fields& f, ModelConfig& c) {
  AttentionConfig& a = c.attention;
  a.num_kv_heads =
      f.has("attention.head_count_kv") ? f.uniform("attention.head_count_kv") : a.num_heads;
  check_input(a.num_heads > 0, "{}: attention.head_count: {} is out of range", f.where(),
              a.num_heads);
  a.head_dim = f.integer("attention.key_length", c.hidden_dim / a.num_heads);
  a.v_head_dim = f.integer("attention.value_length", a.head_dim);
  check_input(a.v_head_dim == a.head_dim && a.head_dim > 0,
              "{}: attention.value_length: expected {}, got {}", f.where(), a.head_dim,
              a.v_head_dim);
  // Bias and norm are in the file or not; the names below are all that these architectures have.
  a.qkv_bias = f.gguf().find("blk.0.attn_q.bias") != nullptr;
  a.output_bias = f.gguf().find("blk.0.attn_output.bias") != nullptr;
  c.mlp_bias = f.gguf().find("blk.0.ffn_gate.bias") != nullptr;
  a.qk_norm = find_family(c.model_type)->qk_norm;
  a.softmax_scale = 1 / std::sqrt(static_cast<double>(a.head_dim));
  c.rope.rotary_dim = f.integer("rope.dimension_count", a.head_dim);
  const bool partial = c.model_type == "phi3" && c.rope.rotary_dim >= 2 &&
                       c.rope.rotary_dim <= a.head_dim && c.rope.rotary_dim % 2 == 0;
  check_input(partial || c.rope.rotary_dim == a.head_dim,
              "{}: rope.dimension_count: expected {}, got {}", f.where(), a.head_dim,
              c.rope.rotary_dim);
  if (c.model_type == "phi3") {
    const int64_t window = f.integer("attention.sliding_window", 0);
    check_input(window >= 0, "{}: attention.sliding_window: {} is out of range", f.where(), window);
    for (LayerConfig& layer : c.layers) layer.sliding_window = window;
  }
  if (c.model_type == "granite") {
    a.softmax_scale = f.number("attention.scale", a.softmax_scale);
    c.embedding_multiplier = f.number("embedding_scale", 1);
    c.residual_multiplier = f.number("residual_scale", 1);
    c.logits_divisor = f.number("logit_scale");
  }
  if (c.model_type == "smollm3") {  // in llama.cpp's code, no key says it
    for (size_t i = 0; i < c.layers.size(); ++i) c.layers[i].rope = (i + 1) % 4 != 0;
  }
  read_rope(f, c);
}

void read_mla(Fields& f, ModelConfig& c) {
  AttentionConfig& a = c.attention;
  a.kind = AttentionKind::kMla;
  a.num_kv_heads = a.num_heads;
  a.q_lora_rank = f.integer("attention.q_lora_rank", 0);
  a.kv_lora_rank = f.integer("attention.kv_lora_rank");
  // Newer files describe the absorbed form under the plain keys and the heads under `_mla`.
  const int64_t key = f.integer("attention.key_length");
  const int64_t value = f.integer("attention.value_length");
  a.head_dim = f.integer("attention.key_length_mla", key);
  a.v_head_dim = f.integer("attention.value_length_mla", value);
  f.integer("attention.head_count_kv", 1);
  a.rope_dim = f.integer("rope.dimension_count");
  a.nope_dim = a.head_dim - a.rope_dim;
  c.rope.rotary_dim = a.rope_dim;
  c.rope.interleaved = true;
  check_input(a.rope_dim > 0, "{}: rope.dimension_count: {} is out of range", f.where(),
              a.rope_dim);
  read_rope(f, c);
  a.softmax_scale = mla_softmax_scale(a.head_dim, c.rope);
}

void read_moe(Fields& f, ModelConfig& c) {
  MoeConfig& m = c.moe;
  m.num_experts = f.integer("expert_count");
  m.top_k = f.integer("expert_used_count");
  const bool deepseek = c.attention.kind == AttentionKind::kMla;
  const bool v3 = c.model_type == "deepseek_v3";
  const int64_t dense_layers = deepseek ? f.integer("leading_dense_block_count", 0) : 0;
  for (int64_t i = 0; i < c.num_layers; ++i)
    c.layers[static_cast<size_t>(i)].moe = i >= dense_layers;
  const bool expert_is_ffn = c.model_type == "mixtral" || c.model_type == "olmoe";
  m.expert_dim = expert_is_ffn ? c.intermediate_dim : f.integer("expert_feed_forward_length");
  // llama.cpp always renormalises Mixtral and Qwen3-MoE, never OLMoE, whose files say nothing of
  // it.
  m.renormalize = f.boolean("expert_weights_norm", !deepseek && c.model_type != "olmoe");
  m.scale = f.number("expert_weights_scale", 1);
  if (!deepseek) return;
  const int64_t shared = f.integer("expert_shared_count", 0);
  check_input(shared >= 0 && shared <= 1024, "{}: expert_shared_count: {} is out of range",
              f.where(), shared);
  m.shared_dim = shared * m.expert_dim;
  m.score = v3 ? RouterScore::kSigmoid : RouterScore::kSoftmax;
  m.group_score = v3 ? GroupScore::kTop2Sum : GroupScore::kMax;
  m.correction_bias = v3;
  m.num_groups = f.integer("expert_group_count", 1);
  m.top_groups = f.integer("expert_group_used_count", 1);
}

void read_special_ids(const GgufFile& gguf, ModelConfig& c) {
  const auto find = [&](std::string_view key) -> std::optional<int32_t> {
    const auto id = gguf.find_integer(key);
    if (!id) return std::nullopt;
    check_input(*id >= 0 && *id < c.vocab_size, "{}: {}: {} is not a token of {}",
                gguf.path().string(), key, *id, c.vocab_size);
    return static_cast<int32_t>(*id);
  };
  c.bos = find("tokenizer.ggml.bos_token_id");
  c.pad = find("tokenizer.ggml.padding_token_id");
  for (const char* key : {"eos", "eot", "eom"}) {
    const auto id = find(fmt::format("tokenizer.ggml.{}_token_id", key));
    if (id && std::ranges::find(c.eos, *id) == c.eos.end()) c.eos.push_back(*id);
  }
}

}  // namespace

ModelConfig ModelConfig::from_gguf(const GgufFile& gguf) {
  const std::string_view architecture = gguf.text("general.architecture");
  check_input(gguf_architecture_of(architecture) != nullptr,
              "{}: general.architecture: '{}' is not supported; known: {}", gguf.path().string(),
              architecture, known_gguf_architectures());
  Fields f(gguf, architecture);
  ModelConfig c;
  c.model_type = family_of(architecture, f);
  c.hidden_dim = f.integer("embedding_length");
  c.num_layers = f.integer("block_count");
  c.intermediate_dim = f.uniform("feed_forward_length");
  c.max_context = f.integer("context_length");
  c.norm_eps = f.number("attention.layer_norm_rms_epsilon");
  c.attention.num_heads = f.uniform("attention.head_count");
  check_input(c.num_layers > 0 && c.num_layers <= 1024, "{}: block_count: {} is out of range",
              f.where(), c.num_layers);
  // DeepSeek-V3 files may count the multi-token prediction layers, which are left out here.
  const int64_t extra = f.integer("nextn_predict_layers", 0);
  check_input(extra >= 0 && extra < c.num_layers, "{}: nextn_predict_layers: {} is out of range",
              f.where(), extra);
  c.num_layers -= extra;
  c.layers.resize(static_cast<size_t>(c.num_layers));

  // The embedding has the true size; the key may be missing.
  const GgufTensor* embedding = gguf.find("token_embd.weight");
  check_input(embedding != nullptr, "{}: token_embd.weight: missing", f.where());
  c.vocab_size = embedding->num_rows();
  const int64_t said = f.integer("vocab_size", c.vocab_size);
  check_input(said == c.vocab_size, "{}: vocab_size: {}, but token_embd.weight has {} rows",
              f.where(), said, c.vocab_size);
  c.tied_embeddings = gguf.find("output.weight") == nullptr;

  if (architecture == "deepseek2") {
    read_mla(f, c);
  } else {
    read_gqa(f, c);
  }
  if (find_family(c.model_type)->moe) {
    read_moe(f, c);
  } else {
    f.integer("expert_count", 0);
    f.integer("expert_used_count", 0);
  }
  read_special_ids(gguf, c);
  f.boolean("rope.scaling.finetuned", false);  // book-keeping
  f.refuse_unread();
  c.validate(f.where());
  return c;
}

}  // namespace grpo::policy
