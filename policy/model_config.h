#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace grpo::policy {

class GgufFile;
class GgufMetadata;

/// How rotary frequencies are stretched (docs/architecture.md; transformers' rope types).
enum class RopeScalingKind { kNone, kLinear, kLlama3, kYarn, kLongrope };

struct RopeConfig {
  double theta = 10000.0;
  int64_t rotary_dim = 0;    ///< rotated dims of a head: head_dim, a part of it, or MLA's rope dims
  bool interleaved = false;  ///< pairs (2i, 2i+1) as in DeepSeek; else (j, j + rotary_dim / 2)
  RopeScalingKind scaling = RopeScalingKind::kNone;
  double factor = 1.0;
  double original_context = 0;    ///< llama3, yarn, longrope
  double low_freq_factor = 1.0;   ///< llama3
  double high_freq_factor = 4.0;  ///< llama3
  double beta_fast = 32.0;        ///< yarn
  double beta_slow = 1.0;         ///< yarn
  bool yarn_truncate = true;      ///< yarn: floor and ceil the ramp's ends
  double cos_sin_factor = 1.0;    ///< cos and sin are multiplied by this (yarn, longrope)
  double mscale = 0;              ///< yarn, as written; already in cos_sin_factor
  double mscale_all_dim = 0;      ///< yarn, as written; MLA: already in softmax_scale
  std::vector<double>
      frequency_factors;  ///< GGUF rope_freqs.weight: frequencies are divided by them
  std::vector<double> short_factors, long_factors;  ///< longrope, rotary_dim / 2 each

  bool operator==(const RopeConfig&) const = default;
};

enum class AttentionKind { kGqa, kMla };
enum class QkNorm { kNone, kPerHead, kWholeProjection };

/// One layer's attention. Counts of heads are per layer only in the window and rope flags: every
/// supported family has the same shape in all layers.
struct AttentionConfig {
  AttentionKind kind = AttentionKind::kGqa;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;  ///< q/k dims of a head; MLA: nope + rope
  int64_t v_head_dim = 0;
  double softmax_scale = 0;
  bool qkv_bias = false;
  bool output_bias = false;
  QkNorm qk_norm = QkNorm::kNone;
  double clip_qkv = 0;  ///< OLMoE: clamp q, k, v to +-clip_qkv after the norm; 0 = off
  // Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1).
  int64_t q_lora_rank = 0;  ///< 0 = plain q_proj
  int64_t kv_lora_rank = 0;
  int64_t nope_dim = 0;
  int64_t rope_dim = 0;

  bool operator==(const AttentionConfig&) const = default;
};

enum class RouterScore { kSoftmax, kSigmoid };
enum class GroupScore { kMax, kTop2Sum };

/// Mixture-of-experts feed-forward (DeepSeek-V3, arXiv 2412.19437, section 2.1.2).
struct MoeConfig {
  int64_t num_experts = 0;
  int64_t top_k = 0;
  int64_t expert_dim = 0;  ///< width of one routed expert
  int64_t shared_dim = 0;  ///< width of the always-on expert; 0 = none
  RouterScore score = RouterScore::kSoftmax;
  bool correction_bias = false;  ///< e_score_correction_bias steers the choice, not the weights
  bool renormalize = true;       ///< chosen weights divided by their sum
  double scale = 1.0;            ///< then multiplied by this
  int64_t num_groups = 1;        ///< group-limited choice: best `top_groups` of `num_groups`
  int64_t top_groups = 1;
  GroupScore group_score = GroupScore::kTop2Sum;

  bool operator==(const MoeConfig&) const = default;
};

struct LayerConfig {
  bool moe = false;            ///< feed-forward is MoE, else dense
  bool rope = true;            ///< SmolLM3 leaves rotary out in some layers
  int64_t sliding_window = 0;  ///< a token sees itself and the window - 1 before it; 0 = all

  bool operator==(const LayerConfig&) const = default;
};

/// Everything that fixes the numbers of a decoder. Families differ by this and by a name table
/// (weights/hf_names.h), not by classes. Sources: reference implementations in transformers.
struct ModelConfig {
  std::string model_type;  ///< transformers' name: llama, qwen2, deepseek_v3, ...
  int64_t vocab_size = 0;
  int64_t hidden_dim = 0;
  int64_t intermediate_dim = 0;  ///< dense feed-forward width
  int64_t num_layers = 0;
  int64_t max_context = 0;
  double norm_eps = 1e-6;
  bool tied_embeddings = false;
  bool mlp_bias = false;
  double embedding_multiplier = 1.0;  ///< Granite
  double residual_multiplier = 1.0;   ///< Granite
  double logits_divisor = 1.0;        ///< Granite
  RopeConfig rope;
  AttentionConfig attention;
  MoeConfig moe;
  std::vector<LayerConfig> layers;  ///< [num_layers]
  std::optional<int32_t> bos;
  std::vector<int32_t> eos;    ///< from generation_config.json first; stop on any of them
  std::optional<int32_t> pad;  ///< kept for transformers; nothing here is padded

  /// Reads config.json of a Hugging Face model. Unknown keys that could change numbers are refused
  /// by name ("config.json: attention_k_eq_v: not supported"); harmless ones are a list in the
  /// .cpp.
  static ModelConfig from_hf(const nlohmann::json& config, const std::filesystem::path& file);
  /// The same from GGUF metadata.
  static ModelConfig from_gguf(const GgufFile& gguf);
  /// config.json that transformers reads back to the same model (used when saving).
  nlohmann::json to_hf() const;
  /// The key-values `general.` and `<architecture>.` of a GGUF file that llama.cpp reads back to
  /// the same model. Throws Error (exit code 2) naming what its architecture has no form for.
  GgufMetadata to_gguf() const;

  int64_t num_parameters() const;  ///< norms and biases counted (docs/models.md check values)
  int64_t num_active_parameters() const;  ///< per token: top_k of the routed experts
  /// Tokens that a sequence may have: the context, of longrope its original part. Beyond that all
  /// of a sequence takes other factors, which keys that are cached already cannot.
  int64_t context_limit() const;
  /// Elements cached per token and layer: kv heads x (k + v dims), or MLA's latent + rope dims.
  int64_t kv_elements_per_token() const;

  /// Throws Error naming `where` unless the fields fit together (heads divide, sizes positive and
  /// small enough that no product of them overflows). The readers call it.
  void validate(const std::string& where) const;

  bool operator==(const ModelConfig&) const = default;
};

}  // namespace grpo::policy
