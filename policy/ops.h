#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/tensor.h"
#include "kernels/attention.h"
#include "kernels/route.h"
#include "policy/parameter.h"
#include "policy/rope.h"

/// The kernels with tensors, checks and gradients: the one place where Torch and kernels/ meet.
///
/// Activations are float32 [tokens, dim], contiguous. Gradients of parameters are added straight
/// into `parameter.grad()` (made when missing), never returned: a step holds one copy of them
/// however many micro-batches it has. A tensor without requires_grad gets none.
namespace grpo::policy::ops {

/// factor * table[ids]: [tokens, dim].
Tensor embedding(const Weight& table, std::span<const int32_t> ids, double factor);

/// x · Wᵀ + bias; bias may be undefined. [tokens, in] -> [tokens, out].
Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias = {});

/// RMS norm over the last `dim = weight.size(0)` elements: x of any shape whose rows are of that
/// width.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);

/// x + factor * y (factor 1: a plain residual).
Tensor add(const Tensor& x, const Tensor& y, double factor);

/// Rotates x [tokens, heads, head_dim] behind the first `skip` elements of each head.
Tensor rope(const Tensor& x, const RopeTables& tables, std::span<const int32_t> positions,
            int64_t skip);

/// silu(x Wg) * (x Wu) Wd with optional biases (undefined = none): keeps x, gate and up only.
struct FeedForward {
  Weight gate, up, down;
  Tensor gate_bias, up_bias, down_bias;
};
Tensor feed_forward(const Tensor& x, const FeedForward& ffn);

/// Where attention finds its keys: whole packed sequences, or the pages of an engine.
struct AttentionInput {
  std::span<const int64_t> offsets;  ///< packed sequences; empty when paged
  std::span<const int64_t> slots;    ///< [tokens]
  std::span<const kernels::AttentionRun> runs;
  int64_t num_pages = 0;          ///< packed: pages of the temporary cache
  Tensor key_pages, value_pages;  ///< paged: this layer's
};

/// Causal attention. q: [tokens, heads, dim], k: [tokens, kv_heads, dim], v: [tokens, kv_heads,
/// v_dim]
/// -> [tokens, heads, v_dim]. Paged: k and v are first written to the pages.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionInput& input,
                 const kernels::AttentionShape& shape);

struct Routing {
  Tensor weight;  ///< [tokens, top_k] float
  Tensor expert;  ///< [tokens, top_k] int32
  Tensor scores;  ///< [tokens, experts] float, differentiable (balance loss)
};
/// logits: [tokens, experts]; bias: [experts] or undefined.
Routing route(const Tensor& logits, const Tensor& bias, const kernels::RouteShape& shape);

/// sum over choices of weight * expert(x); experts' weights stacked [experts, packed].
struct Experts {
  Weight gate, up, down;  ///< out, in of one expert
  int64_t num_experts = 0;
};
Tensor experts(const Tensor& x, const Routing& routing, const Experts& experts);

/// Log-probability of `targets` and entropy, [tokens] each (kernels/linear_logprob.h).
std::pair<Tensor, Tensor> linear_logprob(const Tensor& hidden, const Weight& head,
                                         std::span<const int32_t> targets, double scale,
                                         int64_t vocab);

/// Rows `index` of x [tokens, dim].
Tensor select_rows(const Tensor& x, std::span<const int64_t> index);

}  // namespace grpo::policy::ops
