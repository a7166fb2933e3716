#include "policy/model_config.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "policy/weights/hf_names.h"

namespace grpo::policy {
namespace {

/// Numbers in the parameters of a model that had these layers.
int64_t count_with(ModelConfig config, std::vector<LayerConfig> layers) {
  config.layers = std::move(layers);
  int64_t total = 0;
  for (const ParameterInfo& parameter : parameter_list(config)) {
    total += std::accumulate(parameter.shape.begin(), parameter.shape.end(), int64_t{1},
                             std::multiplies<>());
  }
  return total;
}

}  // namespace

int64_t ModelConfig::num_parameters() const {
  // Layers differ in size by the kind of their feed-forward alone.
  const int64_t outside = count_with(*this, {});
  int64_t total = outside;
  for (const bool moe_layer : {false, true}) {
    const auto number = std::ranges::count(layers, moe_layer, &LayerConfig::moe);
    if (number > 0) total += number * (count_with(*this, {{.moe = moe_layer}}) - outside);
  }
  return total;
}

int64_t ModelConfig::num_active_parameters() const {
  int64_t moe_layers = 0;
  for (const LayerConfig& layer : layers) moe_layers += layer.moe;
  const int64_t idle_experts = moe.num_experts - moe.top_k;
  return num_parameters() - moe_layers * idle_experts * 3 * hidden_dim * moe.expert_dim;
}

int64_t ModelConfig::context_limit() const {
  if (rope.scaling != RopeScalingKind::kLongrope) return max_context;
  return std::min(max_context, static_cast<int64_t>(rope.original_context));
}

int64_t ModelConfig::kv_elements_per_token() const {
  if (attention.kind == AttentionKind::kMla) return attention.kv_lora_rank + attention.rope_dim;
  return attention.num_kv_heads * (attention.head_dim + attention.v_head_dim);
}

void ModelConfig::validate(const std::string& where) const {
  // Far above any real model, and such that products of four of them stay below 2^63.
  const auto sane = [&](const char* name, int64_t value, int64_t most) {
    check_input(value > 0 && value <= most, "{}: {}: {} is out of range 1..{}", where, name, value,
                most);
  };
  sane("vocabulary size", vocab_size, 1 << 24);
  sane("hidden size", hidden_dim, 1 << 20);
  sane("intermediate size", intermediate_dim, 1 << 22);
  sane("number of layers", num_layers, 1 << 10);
  sane("maximum context", max_context, int64_t{1} << 32);
  check_input(static_cast<int64_t>(layers.size()) == num_layers, "{}: {} layers described, not {}",
              where, layers.size(), num_layers);
  check_input(norm_eps > 0 && norm_eps < 1, "{}: norm epsilon: {} is out of range", where,
              norm_eps);
  const AttentionConfig& a = attention;
  sane("number of heads", a.num_heads, 1 << 12);
  sane("number of kv heads", a.num_kv_heads, 1 << 12);
  sane("head size", a.head_dim, 1 << 12);
  sane("value head size", a.v_head_dim, 1 << 12);
  check_input(a.num_heads % a.num_kv_heads == 0, "{}: {} heads are no multiple of {} kv heads",
              where, a.num_heads, a.num_kv_heads);
  check_input(a.softmax_scale > 0 && std::isfinite(a.softmax_scale),
              "{}: softmax scale: {} is out of range", where, a.softmax_scale);
  check_input(rope.rotary_dim >= 2 && rope.rotary_dim % 2 == 0 && rope.rotary_dim <= a.head_dim,
              "{}: rotated dims of a head: {} must be even and at most {}", where, rope.rotary_dim,
              a.head_dim);
  if (a.kind == AttentionKind::kMla) {
    sane("kv_lora_rank", a.kv_lora_rank, 1 << 16);
    sane("qk_nope_head_dim", a.nope_dim, 1 << 12);
    sane("qk_rope_head_dim", a.rope_dim, 1 << 12);
    check_input(a.q_lora_rank >= 0 && a.q_lora_rank <= 1 << 16,
                "{}: q_lora_rank: {} is out of range", where, a.q_lora_rank);
  }
  bool any_moe = false;
  for (const LayerConfig& layer : layers) any_moe |= layer.moe;
  if (!any_moe) return;
  sane("number of experts", moe.num_experts, (1 << 18) / num_layers);
  sane("experts per token", moe.top_k, moe.num_experts);
  sane("expert size", moe.expert_dim, 1 << 20);
  check_input(moe.shared_dim >= 0 && moe.shared_dim <= int64_t{1} << 30,
              "{}: shared expert size: {} is out of range", where, moe.shared_dim);
  sane("number of expert groups", moe.num_groups, moe.num_experts);
  sane("expert groups kept", moe.top_groups, moe.num_groups);
  const int64_t in_group = moe.num_experts / moe.num_groups;
  check_input(moe.num_experts % moe.num_groups == 0 && moe.top_k <= moe.top_groups * in_group,
              "{}: {} of {} experts cannot be chosen in {} of {} groups", where, moe.top_k,
              moe.num_experts, moe.top_groups, moe.num_groups);
  check_input(moe.num_groups == 1 || moe.group_score != GroupScore::kTop2Sum || in_group >= 2,
              "{}: groups of {} expert have no two best", where, in_group);
}

}  // namespace grpo::policy
