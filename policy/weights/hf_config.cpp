// ModelConfig::from_hf: config.json of the families of family.h.
// Source: transformers, models/<model_type>/{configuration,modeling}_<model_type>.py.

#include "policy/weights/hf_config.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "policy/weights/family.h"
#include "policy/weights/hf_rope.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

using nlohmann::json;

/// Keys that do not change logits: book-keeping, training-only settings, generation defaults.
/// Dropout is never applied here; MTP layers are skipped.
constexpr const char* kHarmlessKeys[] = {"architectures",
                                         "transformers_version",
                                         "torch_dtype",
                                         "dtype",
                                         "use_cache",
                                         "initializer_range",
                                         "attention_dropout",
                                         "pretraining_tp",
                                         "auto_map",
                                         "output_attentions",
                                         "output_hidden_states",
                                         "return_dict",
                                         "router_aux_loss_coef",
                                         "output_router_logits",
                                         "aux_loss_alpha",
                                         "seq_aux",
                                         "_name_or_path",
                                         "is_llama_config",
                                         "resid_pdrop",
                                         "embd_pdrop",
                                         "router_jitter_noise",
                                         "num_nextn_predict_layers",
                                         "ep_size",
                                         "tokenizer_class",
                                         "unsloth_fixed",
                                         "unsloth_version",
                                         "transformers.js_config",
                                         "_attn_implementation",
                                         "_attn_implementation_autoset",
                                         "attn_implementation",
                                         "torchscript",
                                         "use_return_dict",
                                         "decoder_start_token_id",
                                         "sep_token_id",
                                         "id2label",
                                         "label2id",
                                         "problem_type",
                                         "task_specific_params",
                                         "finetuning_task",
                                         "temperature",
                                         "top_k",
                                         "top_p",
                                         "typical_p",
                                         "do_sample",
                                         "max_length",
                                         "min_length",
                                         "num_beams",
                                         "repetition_penalty",
                                         "length_penalty",
                                         "no_repeat_ngram_size",
                                         "early_stopping",
                                         "num_return_sequences",
                                         "chunk_size_feed_forward",
                                         "bad_words_ids",
                                         "prefix",
                                         "tf_legacy_loss",
                                         "use_bfloat16",
                                         "is_encoder_decoder",
                                         "suppress_tokens",
                                         "begin_suppress_tokens",
                                         "encoder_no_repeat_ngram_size",
                                         "num_beam_groups",
                                         "diversity_penalty",
                                         "remove_invalid_values",
                                         "output_scores",
                                         "return_dict_in_generate",
                                         "exponential_decay_length_penalty",
                                         "forced_bos_token_id",
                                         "forced_eos_token_id",
                                         "max_new_tokens"};

/// Keys that would change numbers; the value given here says "off", any other is refused.
void refuse_unless_off(JsonFields& f) {
  const std::pair<const char*, json> off[] = {
      {"use_mrope", false},
      {"rope_interleaved", false},
      {"attn_logit_softcapping", 0},
      {"add_cross_attention", false},
      {"is_decoder", false},
      {"final_logit_softcapping", 0},
      {"tie_encoder_decoder", false},
      {"cross_attention_hidden_size", 0},
      {"pruned_heads", json::object()},
  };
  for (const auto& [key, value] : off) {
    const json* got = f.find(key);
    check_input(!got || *got == value || (value == 0 && *got == 0.0), "{}: {}: {} is not supported",
                f.where(), key, got ? got->dump() : "");
  }
  for (const char* key : {"hidden_act", "hidden_activation"}) {
    const std::string act = f.text(key, "silu");
    check_input(act == "silu" || act == "swish", "{}: {}: '{}' is not supported; known: silu",
                f.where(), key, act);
  }
}

/// FP8 weights in blocks are read (weight_reader.cpp takes the sizes); any other scheme is not.
void check_quantization(JsonFields& fields) {
  const json* q = fields.find("quantization_config");
  if (!q) return;
  JsonFields f(*q, fields.where() + ": quantization_config");
  const std::string method = f.text("quant_method");
  check_input(method == "fp8", "{}: quant_method: '{}' is not supported; known: fp8", f.where(),
              method);
  const std::string format = f.text("fmt", "e4m3");
  check_input(format == "e4m3", "{}: fmt: '{}' is not supported; known: e4m3", f.where(), format);
  const auto block = f.integers("weight_block_size");
  constexpr int64_t kMaxBlock = 1 << 20;
  check_input(
      block.size() == 2 &&
          std::ranges::all_of(block, [](int64_t size) { return size > 0 && size <= kMaxBlock; }),
      "{}: weight_block_size: expected two sizes in 1..{}", f.where(), kMaxBlock);
  const std::string scheme = f.text("activation_scheme", "dynamic");
  // A static activation scale would change numbers; the dynamic one is an inference speed-up.
  check_input(scheme == "dynamic", "{}: activation_scheme: '{}' is not supported", f.where(),
              scheme);
  for (const char* key : {"scale_fmt", "modules_to_not_convert"}) f.ignore(key);
  for (const std::string& key : f.unread()) {
    throw Error(fmt::format("{}: {}: not supported", f.where(), key), 2);
  }
}

void read_sizes(JsonFields& f, const Family& family, ModelConfig& c) {
  c.vocab_size = f.integer("vocab_size");
  c.hidden_dim = f.integer("hidden_size");
  c.intermediate_dim = f.integer("intermediate_size");
  c.num_layers = f.integer("num_hidden_layers");
  c.max_context = f.integer("max_position_embeddings");
  c.norm_eps = f.number("rms_norm_eps");
  c.tied_embeddings = f.boolean("tie_word_embeddings", family.missing_tied);
  if (family.mlp_bias) c.mlp_bias = f.boolean("mlp_bias", false);
  c.attention.num_heads = f.integer("num_attention_heads");
  check_input(c.vocab_size > 0, "{}: vocab_size: {} is out of range", f.where(), c.vocab_size);
  check_input(c.num_layers > 0 && c.num_layers <= 1024, "{}: num_hidden_layers: {} is out of range",
              f.where(), c.num_layers);
  check_input(c.attention.num_heads > 0, "{}: num_attention_heads: {} is out of range", f.where(),
              c.attention.num_heads);
  c.layers.resize(static_cast<size_t>(c.num_layers));
}

void read_gqa(JsonFields& f, const Family& family, ModelConfig& c) {
  AttentionConfig& a = c.attention;
  // Only Llama's first releases had no such key, and no grouped heads.
  const bool llama = family.model_type == "llama";
  a.num_kv_heads =
      llama ? f.integer("num_key_value_heads", a.num_heads) : f.integer("num_key_value_heads");
  // Qwen3's head_dim is 128 by class, not hidden / heads: its key must be there.
  a.head_dim = family.model_type == "qwen3" ? f.integer("head_dim")
                                            : f.integer("head_dim", c.hidden_dim / a.num_heads);
  a.v_head_dim = a.head_dim;
  a.qk_norm = family.qk_norm;
  if (family.bias == BiasRule::kQkvAlways) a.qkv_bias = true;
  if (family.bias == BiasRule::kByKey) {
    a.qkv_bias = f.boolean("attention_bias", false);
    a.output_bias = a.qkv_bias;
  }
  a.softmax_scale = 1 / std::sqrt(static_cast<double>(a.head_dim));
  double rotary = static_cast<double>(a.head_dim);
  if (family.model_type == "phi3") {
    rotary *= f.number("partial_rotary_factor", 1);
  } else {
    const double part = f.number("partial_rotary_factor", 1);
    check_input(part == 1, "{}: partial_rotary_factor: {} is not supported for {}", f.where(), part,
                family.model_type);
  }
  check_input(rotary >= 2 && rotary <= static_cast<double>(a.head_dim),
              "{}: partial_rotary_factor: {} rotated dims of {}", f.where(), rotary, a.head_dim);
  c.rope = read_hf_rope(f, family, static_cast<int64_t>(rotary), c.max_context);
}

void read_mla(JsonFields& f, const Family& family, ModelConfig& c) {
  AttentionConfig& a = c.attention;
  a.kind = AttentionKind::kMla;
  a.q_lora_rank = f.integer("q_lora_rank", 0);
  a.kv_lora_rank = f.integer("kv_lora_rank");
  a.nope_dim = f.integer("qk_nope_head_dim");
  a.rope_dim = f.integer("qk_rope_head_dim");
  a.v_head_dim = f.integer("v_head_dim");
  a.head_dim = a.nope_dim + a.rope_dim;
  a.num_kv_heads = f.integer("num_key_value_heads", a.num_heads);  // nominal: the latent is shared
  check_input(a.num_kv_heads == a.num_heads, "{}: num_key_value_heads: expected {}, got {}",
              f.where(), a.num_heads, a.num_kv_heads);
  const int64_t qk = f.integer("qk_head_dim", a.head_dim);
  check_input(qk == a.head_dim, "{}: qk_head_dim: expected {}, got {}", f.where(), a.head_dim, qk);
  // transformers takes the rotated size from here.
  const int64_t head_dim = f.integer("head_dim", a.rope_dim);
  check_input(head_dim == a.rope_dim, "{}: head_dim: expected qk_rope_head_dim {}, got {}",
              f.where(), a.rope_dim, head_dim);
  for (const char* key : {"attention_bias", "mlp_bias"}) {
    check_input(!f.boolean(key, false), "{}: {}: true is not supported for {}", f.where(), key,
                family.model_type);
  }
  c.rope = read_hf_rope(f, family, a.rope_dim, c.max_context);
  c.rope.interleaved = true;
  if (family.model_type == "deepseek_v3") c.rope.interleaved = f.boolean("rope_interleave", true);
  a.softmax_scale = mla_softmax_scale(a.head_dim, c.rope);
}

void read_deepseek_moe(JsonFields& f, bool v3, ModelConfig& c) {
  MoeConfig& m = c.moe;
  m.num_experts = f.integer("n_routed_experts");
  m.top_k = f.integer("num_experts_per_tok");
  m.expert_dim = f.integer("moe_intermediate_size");
  const int64_t shared = f.integer("n_shared_experts", 0);
  check_input(shared >= 0 && shared <= 1024, "{}: n_shared_experts: {} is out of range", f.where(),
              shared);
  m.shared_dim = shared * m.expert_dim;
  m.scale = f.number("routed_scaling_factor", 1);
  const std::string scoring = f.text("scoring_func", v3 ? "sigmoid" : "softmax");
  check_input(scoring == (v3 ? "sigmoid" : "softmax"), "{}: scoring_func: '{}' is not supported",
              f.where(), scoring);
  const std::string method = f.text("topk_method", v3 ? "noaux_tc" : "greedy");
  const bool grouped = v3 || method == "group_limited_greedy";
  check_input(v3 ? method == "noaux_tc" : grouped || method == "greedy",
              "{}: topk_method: '{}' is not supported", f.where(), method);
  const int64_t groups = f.integer("n_group", 1);
  const int64_t top_groups = f.integer("topk_group", 1);
  if (grouped) {
    m.num_groups = groups;
    m.top_groups = top_groups;
  }
  m.score = v3 ? RouterScore::kSigmoid : RouterScore::kSoftmax;
  m.group_score = v3 ? GroupScore::kTop2Sum : GroupScore::kMax;
  m.correction_bias = v3;
  m.renormalize = f.boolean("norm_topk_prob", v3);
  // DeepSeek-V2's code then leaves the scale out and transformers leaves the norm out; no release
  // uses it.
  check_input(v3 || !m.renormalize, "{}: norm_topk_prob: true is not supported for deepseek_v2",
              f.where());
  const int64_t every = f.integer("moe_layer_freq", 1);
  check_input(every == 1, "{}: moe_layer_freq: {} is not supported", f.where(), every);
  const int64_t first = f.integer("first_k_dense_replace", 0);
  for (int64_t i = 0; i < c.num_layers; ++i) c.layers[static_cast<size_t>(i)].moe = i >= first;
}

void read_moe(JsonFields& f, const Family& family, ModelConfig& c) {
  if (family.attention == AttentionKind::kMla) {
    read_deepseek_moe(f, family.model_type == "deepseek_v3", c);
    return;
  }
  MoeConfig& m = c.moe;
  m.top_k = f.integer("num_experts_per_tok");
  for (LayerConfig& layer : c.layers) layer.moe = true;
  if (family.model_type == "mixtral") {
    m.num_experts = f.integer("num_local_experts");
    m.expert_dim = c.intermediate_dim;
    return;  // always renormalised
  }
  m.num_experts = f.integer("num_experts");
  m.renormalize = f.boolean("norm_topk_prob", false);
  if (family.model_type == "olmoe") {
    m.expert_dim = c.intermediate_dim;
    c.attention.clip_qkv = f.number("clip_qkv", 0);
    return;
  }
  m.expert_dim = f.integer("moe_intermediate_size");
  const int64_t step = f.integer("decoder_sparse_step", 1);
  check_input(step > 0, "{}: decoder_sparse_step: {} is out of range", f.where(), step);
  for (int64_t i = 0; i < c.num_layers; ++i) {
    c.layers[static_cast<size_t>(i)].moe = (i + 1) % step == 0;
  }
  if (f.has("mlp_only_layers")) {
    for (const int64_t i : f.integers("mlp_only_layers")) {
      check_input(i >= 0 && i < c.num_layers, "{}: mlp_only_layers: {} is out of range", f.where(),
                  i);
      c.layers[static_cast<size_t>(i)].moe = false;
    }
  }
}

/// `layer_types` where it is given, else the family's rule. Returns which layers slide.
std::vector<bool> sliding_layers(JsonFields& f, const Family& family, const ModelConfig& c) {
  std::vector<bool> slides(c.layers.size(), family.window == WindowRule::kEveryLayer);
  if (family.window == WindowRule::kByLayerTypes) {
    const int64_t first = f.integer("max_window_layers", 28);  // the class default of Qwen2, Qwen3
    for (size_t i = 0; i < slides.size(); ++i) {
      slides[i] =
          family.model_type == "smollm3" ? !c.layers[i].rope : static_cast<int64_t>(i) >= first;
    }
  } else {
    f.ignore("max_window_layers");  // Qwen3-MoE's configs carry it, its code does not read it
  }
  const json* types = f.find("layer_types");
  if (!types) return slides;
  check_input(types->is_array() && types->size() == slides.size(),
              "{}: layer_types: expected a list of {}", f.where(), slides.size());
  for (size_t i = 0; i < slides.size(); ++i) {
    const bool sliding = (*types)[i] == "sliding_attention";
    check_input(sliding || (*types)[i] == "full_attention",
                "{}: layer_types: {} is not supported; known: full_attention, sliding_attention",
                f.where(), (*types)[i].dump());
    slides[i] = sliding;
  }
  return slides;
}

void read_windows(JsonFields& f, const Family& family, ModelConfig& c) {
  int64_t window = f.integer("sliding_window", 0);
  if (!f.contains("sliding_window")) window = family.missing_window;
  const bool has_switch =
      family.window == WindowRule::kByLayerTypes || family.model_type == "qwen3_moe";
  const bool by_types = f.has("layer_types");
  const bool used = f.boolean("use_sliding_window", !has_switch);
  if (!used) window = 0;
  check_input(family.window != WindowRule::kNone || window == 0,
              "{}: sliding_window: {} is not supported for {}", f.where(), window,
              family.model_type);
  check_input(window >= 0, "{}: sliding_window: {} is out of range", f.where(), window);
  const auto slides = sliding_layers(f, family, c);
  for (size_t i = 0; i < slides.size(); ++i) {
    check_input(window > 0 || !by_types || !slides[i],
                "{}: layer_types: layer {} slides, but there is no sliding_window", f.where(), i);
    if (slides[i]) c.layers[i].sliding_window = window;
  }
}

void read_smollm3_rope_layers(JsonFields& f, ModelConfig& c) {
  const int64_t interval = f.integer("no_rope_layer_interval", 4);
  check_input(interval > 0, "{}: no_rope_layer_interval: {} is out of range", f.where(), interval);
  std::vector<int64_t> has_rope;
  for (int64_t i = 0; i < c.num_layers; ++i) has_rope.push_back((i + 1) % interval != 0);
  // In spite of its name, 1 means that the layer has rotary embeddings.
  if (f.has("no_rope_layers")) has_rope = f.integers("no_rope_layers");
  check_input(has_rope.size() == c.layers.size(), "{}: no_rope_layers: expected {} values, got {}",
              f.where(), c.layers.size(), has_rope.size());
  for (size_t i = 0; i < has_rope.size(); ++i) c.layers[i].rope = has_rope[i] != 0;
}

}  // namespace

void read_special_ids(JsonFields& f, ModelConfig& c) {
  const auto checked = [&](const char* key, int64_t id) {
    check_input(id >= 0 && id < c.vocab_size, "{}: {}: {} is not a token of {}", f.where(), key, id,
                c.vocab_size);
    return static_cast<int32_t>(id);
  };
  if (f.has("bos_token_id")) c.bos = checked("bos_token_id", f.integer("bos_token_id"));
  if (f.has("pad_token_id")) {
    const int64_t pad = f.integer("pad_token_id");  // -1 in old files: none
    c.pad =
        pad >= 0 && pad < c.vocab_size ? std::optional(static_cast<int32_t>(pad)) : std::nullopt;
  }
  const json* eos = f.find("eos_token_id");
  if (!eos) return;
  c.eos.clear();
  const auto ids = eos->is_array() ? f.integers("eos_token_id")
                                   : std::vector<int64_t>{f.integer("eos_token_id")};
  for (const int64_t id : ids) c.eos.push_back(checked("eos_token_id", id));
}

json read_generation_config(const std::filesystem::path& model) {
  const auto file = model / "generation_config.json";
  if (!std::filesystem::exists(file)) return json::object();
  json config = read_json_file(file);
  check_input(config.is_object(), "{}: expected an object", file.string());
  return config;
}

ModelConfig ModelConfig::from_hf(const json& config, const std::filesystem::path& file) {
  JsonFields f(config, file.string());
  ModelConfig c;
  c.model_type = f.text("model_type");
  const Family* family = find_family(c.model_type);
  check_input(family != nullptr, "{}: model_type: '{}' is not supported; known: {}", f.where(),
              c.model_type, known_families());
  read_sizes(f, *family, c);
  read_special_ids(f, c);
  if (family->attention == AttentionKind::kMla) {
    read_mla(f, *family, c);
  } else {
    read_gqa(f, *family, c);
  }
  if (family->moe) read_moe(f, *family, c);
  if (c.model_type == "smollm3") read_smollm3_rope_layers(f, c);
  read_windows(f, *family, c);
  if (c.model_type == "granite") {
    c.embedding_multiplier = f.number("embedding_multiplier", 1);
    c.residual_multiplier = f.number("residual_multiplier", 1);
    c.logits_divisor = f.number("logits_scaling", 1);
    c.attention.softmax_scale = f.number("attention_multiplier", 1);
  }
  refuse_unless_off(f);
  check_quantization(f);
  for (const char* key : kHarmlessKeys) f.ignore(key);
  for (const std::string& key : f.unread()) {
    throw Error(fmt::format("{}: {}: not supported for {}", f.where(), key, c.model_type), 2);
  }
  c.validate(f.where());
  return c;
}

}  // namespace grpo::policy
