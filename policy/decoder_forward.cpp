#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "policy/decoder.h"

namespace grpo::policy {
namespace {

using kernels::kPageSize;

/// DeepSeek's latent norms take 1e-6 whatever rms_norm_eps says (transformers' DeepseekV3RMSNorm).
constexpr double kLatentNormEps = 1e-6;

/// Page tables, slots and runs of packed sequences: each has pages of its own, in order.
struct PackedLayout {
  explicit PackedLayout(const PackedTokens& input) {
    for (size_t s = 0; s + 1 < input.offsets.size(); ++s) {
      const int64_t begin = input.offsets[s], length = input.offsets[s + 1] - begin;
      for (int64_t i = 0; i < length; ++i) slots.push_back(num_pages * kPageSize + i);
      runs.push_back({begin, length, 0, nullptr});
      first_page.push_back(num_pages);
      num_pages += (length + kPageSize - 1) / kPageSize;
    }
    pages.resize(static_cast<size_t>(num_pages));
    std::iota(pages.begin(), pages.end(), 0);
    for (size_t s = 0; s < runs.size(); ++s) runs[s].pages = pages.data() + first_page[s];
  }

  int64_t num_pages = 0;
  std::vector<int64_t> slots, first_page;
  std::vector<int32_t> pages;
  std::vector<kernels::AttentionRun> runs;
};

Tensor view3(const Tensor& x, int64_t heads) {
  return x.view({x.size(0), heads, x.size(1) / heads});
}

}  // namespace

struct Decoder::Pass {
  std::span<const int32_t> tokens, positions;
  std::span<const int64_t> offsets;  // packed only
  std::span<const int64_t> slots;
  std::span<const kernels::AttentionRun> runs;
  int64_t num_pages = 0;
  KvPages* cache = nullptr;  // paged only
  MoeStats* stats = nullptr;
};

void PackedTokens::append(std::span<const int32_t> sequence) {
  if (offsets.empty()) offsets.push_back(0);
  tokens.insert(tokens.end(), sequence.begin(), sequence.end());
  for (size_t i = 0; i < sequence.size(); ++i) positions.push_back(static_cast<int32_t>(i));
  offsets.push_back(static_cast<int64_t>(tokens.size()));
}

Tensor Decoder::forward(const PackedTokens& input, MoeStats* stats) {
  check(!input.offsets.empty() && input.offsets.back() == input.size(),
        "decoder: offsets do not cover the {} tokens", input.size());
  const PackedLayout layout(input);
  Pass pass{.tokens = input.tokens, .positions = input.positions, .offsets = input.offsets};
  pass.slots = layout.slots;
  pass.runs = layout.runs;
  pass.num_pages = layout.num_pages;
  pass.stats = stats;
  return run(pass);
}

Tensor Decoder::forward(const PagedTokens& input, KvPages& pages) {
  const at::NoGradGuard no_grad;
  Pass pass{.tokens = input.tokens, .positions = input.positions};
  pass.slots = input.slots;
  pass.runs = input.runs;
  pass.cache = &pages;
  return run(pass);
}

Tensor Decoder::run(const Pass& pass) {
  check(!pass.tokens.empty() && pass.tokens.size() == pass.positions.size(),
        "decoder: {} tokens with {} positions", pass.tokens.size(), pass.positions.size());
  const int32_t last = *std::max_element(pass.positions.begin(), pass.positions.end());
  rope_.ensure(last + 1);
  if (pass.stats != nullptr) pass.stats->load.clear();
  Tensor x = ops::embedding(embed_, pass.tokens, config_.embedding_multiplier);
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    const Layer& layer = layers_[static_cast<size_t>(i)];
    const Tensor attended =
        attention(layer, i, ops::rms_norm(x, layer.attention_norm, config_.norm_eps), pass);
    x = ops::add(x, attended, config_.residual_multiplier);
    const Tensor normed = ops::rms_norm(x, layer.ffn_norm, config_.norm_eps);
    const Tensor fed =
        layer.config.moe ? mixture(layer, normed, pass) : ops::feed_forward(normed, layer.dense);
    x = ops::add(x, fed, config_.residual_multiplier);
  }
  return ops::rms_norm(x, final_norm_, config_.norm_eps);
}

Tensor Decoder::attention(const Layer& layer, int64_t index, const Tensor& x, const Pass& pass) {
  ops::AttentionInput input{.offsets = pass.offsets, .slots = pass.slots, .runs = pass.runs};
  input.num_pages = pass.num_pages;
  if (pass.cache != nullptr) {
    input.key_pages = pass.cache->keys[static_cast<size_t>(index)];
    input.value_pages = pass.cache->values[static_cast<size_t>(index)];
  }
  const Tensor out = config_.attention.kind == AttentionKind::kMla
                         ? latent(layer, x, pass, input)
                         : grouped_query(layer, x, pass, input);
  return ops::linear(out.reshape({x.size(0), -1}), layer.o, layer.o_bias);
}

Tensor Decoder::grouped_query(const Layer& layer, const Tensor& x, const Pass& pass,
                              const ops::AttentionInput& input) {
  const AttentionConfig& a = config_.attention;
  Tensor q = ops::linear(x, layer.q, layer.q_bias);
  Tensor k = ops::linear(x, layer.k, layer.k_bias);
  Tensor v = ops::linear(x, layer.v, layer.v_bias);
  if (a.qk_norm == QkNorm::kWholeProjection) {
    q = ops::rms_norm(q, layer.q_norm, config_.norm_eps);
    k = ops::rms_norm(k, layer.k_norm, config_.norm_eps);
  }
  if (a.clip_qkv > 0) {
    q = q.clamp(-a.clip_qkv, a.clip_qkv);
    k = k.clamp(-a.clip_qkv, a.clip_qkv);
    v = v.clamp(-a.clip_qkv, a.clip_qkv);
  }
  q = view3(q, a.num_heads);
  k = view3(k, a.num_kv_heads);
  v = view3(v, a.num_kv_heads);
  if (a.qk_norm == QkNorm::kPerHead) {
    q = ops::rms_norm(q, layer.q_norm, config_.norm_eps);
    k = ops::rms_norm(k, layer.k_norm, config_.norm_eps);
  }
  if (layer.config.rope) {
    q = ops::rope(q, rope_, pass.positions, 0);
    k = ops::rope(k, rope_, pass.positions, 0);
  }
  return ops::attention(q, k, v, input,
                        {.heads = a.num_heads,
                         .kv_heads = a.num_kv_heads,
                         .dim = a.head_dim,
                         .v_dim = a.v_head_dim,
                         .scale = static_cast<float>(a.softmax_scale),
                         .window = layer.config.sliding_window});
}

/// Multi-head latent attention in its plain form: keys and values are made from the latent for
/// every head, then cached. DeepSeek-V2, arXiv 2405.04434, section 2.1.
Tensor Decoder::latent(const Layer& layer, const Tensor& x, const Pass& pass,
                       const ops::AttentionInput& input) {
  const AttentionConfig& a = config_.attention;
  const int64_t tokens = x.size(0);
  Tensor q =
      a.q_lora_rank > 0
          ? ops::linear(ops::rms_norm(ops::linear(x, layer.q_a), layer.q_a_norm, kLatentNormEps),
                        layer.q_b)
          : ops::linear(x, layer.q);
  q = ops::rope(view3(q, a.num_heads), rope_, pass.positions, a.nope_dim);

  const Tensor compressed = ops::linear(x, layer.kv_a);  // [tokens, rank + rope]
  const Tensor c = compressed.narrow(1, 0, a.kv_lora_rank).contiguous();
  const Tensor k_rope = ops::rope(
      compressed.narrow(1, a.kv_lora_rank, a.rope_dim).contiguous().view({tokens, 1, a.rope_dim}),
      rope_, pass.positions, 0);
  const Tensor kv = view3(
      ops::linear(ops::rms_norm(c, layer.kv_a_norm, kLatentNormEps), layer.kv_b), a.num_heads);
  const Tensor k =
      at::cat({kv.narrow(2, 0, a.nope_dim), k_rope.expand({tokens, a.num_heads, a.rope_dim})}, 2);
  const Tensor v = kv.narrow(2, a.nope_dim, a.v_head_dim).contiguous();
  return ops::attention(q, k, v, input,
                        {.heads = a.num_heads,
                         .kv_heads = a.num_heads,
                         .dim = a.head_dim,
                         .v_dim = a.v_head_dim,
                         .scale = static_cast<float>(a.softmax_scale),
                         .window = layer.config.sliding_window});
}

Tensor Decoder::mixture(const Layer& layer, const Tensor& x, const Pass& pass) {
  const MoeConfig& m = config_.moe;
  const ops::Routing routing = ops::route(ops::linear(x, layer.router), layer.correction_bias,
                                          {.experts = m.num_experts,
                                           .top_k = m.top_k,
                                           .sigmoid = m.score == RouterScore::kSigmoid,
                                           .renormalize = m.renormalize,
                                           .scale = static_cast<float>(m.scale),
                                           .groups = m.num_groups,
                                           .top_groups = m.top_groups,
                                           .group_top2 = m.group_score == GroupScore::kTop2Sum});
  if (pass.stats != nullptr) {
    std::vector<int64_t> load(static_cast<size_t>(m.num_experts));
    const int32_t* expert = routing.expert.const_data_ptr<int32_t>();
    for (int64_t i = 0; i < routing.expert.numel(); ++i) ++load[static_cast<size_t>(expert[i])];
    pass.stats->load.push_back(std::move(load));
    if (pass.stats->want_balance_loss) {
      const Tensor share = routing.scores / routing.scores.sum(1, /*keepdim=*/true);
      const Tensor chosen =
          at::zeros_like(routing.scores.detach()).scatter_(1, routing.expert.to(at::kLong), 1.0);
      for (size_t s = 0; s + 1 < pass.offsets.size(); ++s) {
        const int64_t begin = pass.offsets[s], length = pass.offsets[s + 1] - begin;
        const Tensor f = chosen.narrow(0, begin, length).mean(0) *
                         (static_cast<double>(m.num_experts) / static_cast<double>(m.top_k));
        const Tensor term = (f * share.narrow(0, begin, length).mean(0)).sum();
        Tensor& sum = pass.stats->balance_loss;
        sum = sum.defined() ? sum + term : term;
      }
    }
  }
  Tensor y = ops::experts(x, routing, layer.experts);
  if (m.shared_dim > 0) y = ops::add(y, ops::feed_forward(x, layer.dense), 1.0);
  return y;
}

}  // namespace grpo::policy
