#include <ATen/ops/add.h>

#include "base/error.h"
#include "kernels/embedding.h"
#include "kernels/linear_logprob.h"
#include "kernels/matmul.h"
#include "kernels/rms_norm.h"
#include "kernels/swiglu.h"
#include "policy/ops_internal.h"

namespace grpo::policy::ops {
namespace {

using namespace internal;
namespace cpu = kernels::cpu;

Tensor ids_tensor(std::span<const int32_t> ids) {
  const Tensor t = at::empty({static_cast<int64_t>(ids.size())}, at::kInt);
  std::copy(ids.begin(), ids.end(), t.mutable_data_ptr<int32_t>());
  return t;
}

struct EmbeddingFunction : torch::autograd::Function<EmbeddingFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& table, const Tensor& ids, double factor,
                        int64_t dim) {
    ctx->save_for_backward({table, ids});
    ctx->saved_data["factor"] = factor;
    const Tensor y = empty({ids.size(0), dim});
    cpu::embedding_forward(cdata(table), ids.const_data_ptr<int32_t>(), static_cast<float>(factor),
                           data(y), ids.size(0), dim);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor dy = grads[0].contiguous();
    if (float* grad = grad_of(saved[0])) {
      cpu::embedding_backward(cdata(dy), saved[1].const_data_ptr<int32_t>(),
                              static_cast<float>(ctx->saved_data["factor"].toDouble()), grad,
                              dy.size(0), dy.size(1));
    }
    return {Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const Optional& bias, int64_t out, int64_t in) {
    ctx->save_for_backward({x, weight, tensor(bias)});
    ctx->saved_data["out"] = out;
    const Tensor y = empty({x.size(0), out});
    cpu::matmul(cdata(x), cdata(weight), cdata(bias), data(y), x.size(0), out, in);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    const Tensor dy = grads[0].contiguous();
    const int64_t rows = dy.size(0), out = ctx->saved_data["out"].toInt(), in = x.size(1);
    if (float* grad = grad_of(weight)) {
      cpu::matmul_grad_weight(cdata(dy), cdata(x), grad, rows, out, in);
    }
    if (float* grad = grad_of(bias)) cpu::bias_grad(cdata(dy), grad, rows, out);
    Tensor dx;
    if (ctx->needs_input_grad(0)) {
      dx = empty({rows, in});
      cpu::matmul_grad_input(cdata(dy), cdata(weight), data(dx), rows, out, in, false);
    }
    return {dx, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

struct RmsNormFunction : torch::autograd::Function<RmsNormFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight, double eps) {
    const int64_t dim = weight.size(0), rows = x.numel() / dim;
    const Tensor y = at::empty_like(x), inv_rms = empty({rows});
    cpu::rms_norm_forward(cdata(x), cdata(weight), data(y), data(inv_rms), rows, dim,
                          static_cast<float>(eps));
    ctx->save_for_backward({x, weight, inv_rms});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const Tensor dy = grads[0].contiguous(), dx = at::empty_like(x);
    const int64_t dim = weight.size(0);
    Tensor scratch;
    float* dweight = grad_of(weight);
    if (dweight == nullptr) {
      scratch = at::zeros({dim}, at::kFloat);
      dweight = data(scratch);
    }
    cpu::rms_norm_backward(cdata(dy), cdata(x), cdata(weight), cdata(saved[2]), data(dx), dweight,
                           x.numel() / dim, dim);
    return {dx, Tensor(), Tensor()};
  }
};

/// Gate, up and down in one node: only x, gate and up are kept; the product is computed again.
struct FeedForwardFunction : torch::autograd::Function<FeedForwardFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& gate_weight,
                        const Tensor& up_weight, const Tensor& down_weight,
                        const Optional& gate_bias, const Optional& up_bias,
                        const Optional& down_bias, int64_t width) {
    const int64_t rows = x.size(0), dim = x.size(1);
    const Tensor gate = empty({rows, width}), up = empty({rows, width}), y = empty({rows, dim});
    cpu::matmul(cdata(x), cdata(gate_weight), cdata(gate_bias), data(gate), rows, width, dim);
    cpu::matmul(cdata(x), cdata(up_weight), cdata(up_bias), data(up), rows, width, dim);
    const Tensor product = empty({rows, width});
    cpu::swiglu_forward(cdata(gate), cdata(up), data(product), rows * width);
    cpu::matmul(cdata(product), cdata(down_weight), cdata(down_bias), data(y), rows, dim, width);
    ctx->save_for_backward({x, gate_weight, up_weight, down_weight, tensor(gate_bias),
                            tensor(up_bias), tensor(down_bias), gate, up});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &gate = saved[7], &up = saved[8];
    const Tensor dy = grads[0].contiguous();
    const int64_t rows = x.size(0), dim = x.size(1), width = gate.size(1);
    const Tensor product = empty({rows, width}), dproduct = empty({rows, width});
    cpu::swiglu_forward(cdata(gate), cdata(up), data(product), rows * width);
    if (float* grad = grad_of(saved[3])) {
      cpu::matmul_grad_weight(cdata(dy), cdata(product), grad, rows, dim, width);
    }
    if (float* grad = grad_of(saved[6])) cpu::bias_grad(cdata(dy), grad, rows, dim);
    cpu::matmul_grad_input(cdata(dy), cdata(saved[3]), data(dproduct), rows, dim, width, false);
    const Tensor& dgate = product;  // which is done with
    const Tensor dup = empty({rows, width});
    cpu::swiglu_backward(cdata(dproduct), cdata(gate), cdata(up), data(dgate), data(dup),
                         rows * width);
    if (float* grad = grad_of(saved[1])) {
      cpu::matmul_grad_weight(cdata(dgate), cdata(x), grad, rows, width, dim);
    }
    if (float* grad = grad_of(saved[2])) {
      cpu::matmul_grad_weight(cdata(dup), cdata(x), grad, rows, width, dim);
    }
    if (float* grad = grad_of(saved[4])) cpu::bias_grad(cdata(dgate), grad, rows, width);
    if (float* grad = grad_of(saved[5])) cpu::bias_grad(cdata(dup), grad, rows, width);
    Tensor dx;
    if (ctx->needs_input_grad(0)) {
      dx = empty({rows, dim});
      cpu::matmul_grad_input(cdata(dgate), cdata(saved[1]), data(dx), rows, width, dim, false);
      cpu::matmul_grad_input(cdata(dup), cdata(saved[2]), data(dx), rows, width, dim, true);
    }
    return {dx, {}, {}, {}, {}, {}, {}, {}};
  }
};

struct LogprobFunction : torch::autograd::Function<LogprobFunction> {
  static variable_list forward(AutogradContext* ctx, const Tensor& hidden, const Tensor& head,
                               const Tensor& targets, double scale, int64_t vocab) {
    const int64_t tokens = hidden.size(0), dim = hidden.size(1);
    const Tensor logprob = empty({tokens}), entropy = empty({tokens}), log_z = empty({tokens});
    cpu::linear_logprob_forward(cdata(hidden), cdata(head), targets.const_data_ptr<int32_t>(),
                                static_cast<float>(scale), data(logprob), data(entropy),
                                data(log_z), tokens, dim, vocab);
    ctx->save_for_backward({hidden, head, targets, log_z, entropy});
    ctx->saved_data["scale"] = scale;
    ctx->saved_data["vocab"] = vocab;
    ctx->set_materialize_grads(false);
    return {logprob, entropy};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &hidden = saved[0], &head = saved[1];
    const int64_t tokens = hidden.size(0), dim = hidden.size(1);
    const Tensor d_logprob =
        grads[0].defined() ? grads[0].contiguous() : at::zeros({tokens}, at::kFloat);
    const Tensor d_entropy = grads[1].defined() ? grads[1].contiguous() : Tensor();
    const Tensor d_hidden = empty({tokens, dim});
    cpu::linear_logprob_backward(cdata(hidden), cdata(head), saved[2].const_data_ptr<int32_t>(),
                                 static_cast<float>(ctx->saved_data["scale"].toDouble()),
                                 cdata(saved[3]), cdata(saved[4]), cdata(d_logprob),
                                 cdata(d_entropy), data(d_hidden), grad_of(head), tokens, dim,
                                 ctx->saved_data["vocab"].toInt());
    return {d_hidden, {}, {}, {}, {}};
  }
};

void check_width(const char* op, const Tensor& x, int64_t width) {
  check(x.dim() == 2 && x.size(1) == width && x.is_contiguous(),
        "{}: expected contiguous [tokens, {}], got {} dims, last {}", op, width, x.dim(),
        x.dim() > 0 ? x.size(-1) : 0);
}

}  // namespace

Tensor embedding(const Weight& table, std::span<const int32_t> ids, double factor) {
  for (const int32_t id : ids) {
    check(id >= 0 && id < table.out, "token id {} is outside the vocabulary of {}", id, table.out);
  }
  return EmbeddingFunction::apply(table.value, ids_tensor(ids), factor, table.in);
}

Tensor linear(const Tensor& x, const Weight& weight, const Tensor& bias) {
  check_width("linear", x, weight.in);
  return LinearFunction::apply(x, weight.value, optional(bias), weight.out, weight.in);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  check(x.is_contiguous() && x.size(-1) % weight.size(0) == 0,
        "rms_norm: last axis {} is no multiple of the weight's {}", x.size(-1), weight.size(0));
  return RmsNormFunction::apply(x, weight, eps);
}

Tensor add(const Tensor& x, const Tensor& y, double factor) { return at::add(x, y, factor); }

Tensor feed_forward(const Tensor& x, const FeedForward& f) {
  check_width("feed_forward", x, f.gate.in);
  return FeedForwardFunction::apply(x, f.gate.value, f.up.value, f.down.value,
                                    optional(f.gate_bias), optional(f.up_bias),
                                    optional(f.down_bias), f.gate.out);
}

std::pair<Tensor, Tensor> linear_logprob(const Tensor& hidden, const Weight& head,
                                         std::span<const int32_t> targets, double scale,
                                         int64_t vocab) {
  check_width("linear_logprob", hidden, head.in);
  check(vocab > 0 && vocab <= head.out, "linear_logprob: vocab {} of {} rows", vocab, head.out);
  check(static_cast<int64_t>(targets.size()) == hidden.size(0),
        "linear_logprob: {} targets for {} tokens", targets.size(), hidden.size(0));
  for (const int32_t id : targets) {
    check(id >= 0 && id < vocab, "target id {} is outside the vocabulary of {}", id, vocab);
  }
  auto out = LogprobFunction::apply(hidden, head.value, ids_tensor(targets), scale, vocab);
  return {out[0], out[1]};
}

Tensor select_rows(const Tensor& x, std::span<const int64_t> index) {
  const Tensor i = at::empty({static_cast<int64_t>(index.size())}, at::kLong);
  std::copy(index.begin(), index.end(), i.mutable_data_ptr<int64_t>());
  return x.index_select(0, i);
}

}  // namespace grpo::policy::ops
