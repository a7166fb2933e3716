#include "base/error.h"
#include "kernels/grouped_gemm.h"
#include "kernels/permute.h"
#include "kernels/swiglu.h"
#include "policy/ops_internal.h"

namespace grpo::policy::ops {
namespace {

using namespace internal;
namespace cpu = kernels::cpu;

struct RouteFunction : torch::autograd::Function<RouteFunction> {
  static variable_list forward(AutogradContext* ctx, const Tensor& logits, const Optional& bias,
                               const kernels::RouteShape* shape) {
    const int64_t tokens = logits.size(0);
    const Tensor scores = at::empty_like(logits), weight = empty({tokens, shape->top_k});
    const Tensor expert = at::empty({tokens, shape->top_k}, at::kInt);
    cpu::route_forward(cdata(logits), cdata(bias), *shape, data(scores),
                       expert.mutable_data_ptr<int32_t>(), data(weight), tokens);
    ctx->save_for_backward({scores, expert});
    ctx->saved_data["sigmoid"] = shape->sigmoid;
    ctx->saved_data["renormalize"] = shape->renormalize;
    ctx->saved_data["scale"] = static_cast<double>(shape->scale);
    ctx->mark_non_differentiable({expert});
    ctx->set_materialize_grads(false);
    return {weight, expert, scores};
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &scores = saved[0], &expert = saved[1];
    kernels::RouteShape shape;  // the gradient does not ask how the experts were chosen
    shape.experts = scores.size(1);
    shape.top_k = expert.size(1);
    shape.sigmoid = ctx->saved_data["sigmoid"].toBool();
    shape.renormalize = ctx->saved_data["renormalize"].toBool();
    shape.scale = static_cast<float>(ctx->saved_data["scale"].toDouble());
    const Tensor dweight =
        grads[0].defined() ? grads[0].contiguous() : at::zeros(expert.sizes(), at::kFloat);
    const Tensor dscores = grads[2].defined() ? grads[2].contiguous() : Tensor();
    const Tensor dlogits = at::empty_like(scores);
    cpu::route_backward(cdata(dweight), cdata(dscores), cdata(scores),
                        expert.const_data_ptr<int32_t>(), shape, data(dlogits), scores.size(0));
    return {dlogits, Tensor(), Tensor()};
  }
};

/// Dispatch, three grouped products and combine in one node: keeps x, gate, up and the experts'
/// outputs in expert order.
struct ExpertsFunction : torch::autograd::Function<ExpertsFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const Tensor& expert, const Tensor& gate_weight, const Tensor& up_weight,
                        const Tensor& down_weight, int64_t num_experts, int64_t width) {
    const int64_t tokens = x.size(0), dim = x.size(1), top_k = expert.size(1);
    const int64_t rows = tokens * top_k;
    const Tensor offsets = at::empty({num_experts + 1}, at::kLong);
    const Tensor row_of_slot = at::empty({rows}, at::kInt),
                 token_of_row = at::empty({rows}, at::kInt);
    cpu::expert_order(expert.const_data_ptr<int32_t>(), tokens, top_k, num_experts,
                      offsets.mutable_data_ptr<int64_t>(), row_of_slot.mutable_data_ptr<int32_t>(),
                      token_of_row.mutable_data_ptr<int32_t>());
    const int64_t* runs = offsets.const_data_ptr<int64_t>();
    const Tensor sorted = empty({rows, dim});
    cpu::gather_rows(cdata(x), token_of_row.const_data_ptr<int32_t>(), data(sorted), rows, dim);
    const Tensor gate = empty({rows, width}), up = empty({rows, width});
    cpu::grouped_matmul(cdata(sorted), cdata(gate_weight), runs, data(gate), num_experts, width,
                        dim);
    cpu::grouped_matmul(cdata(sorted), cdata(up_weight), runs, data(up), num_experts, width, dim);
    const Tensor product = empty({rows, width}), out = empty({rows, dim});
    cpu::swiglu_forward(cdata(gate), cdata(up), data(product), rows * width);
    cpu::grouped_matmul(cdata(product), cdata(down_weight), runs, data(out), num_experts, dim,
                        width);
    const Tensor y = empty({tokens, dim});
    cpu::combine_rows(cdata(out), row_of_slot.const_data_ptr<int32_t>(), cdata(weight), data(y),
                      tokens, top_k, dim, false);
    ctx->save_for_backward({x, weight, offsets, row_of_slot, token_of_row, gate_weight, up_weight,
                            down_weight, gate, up, out});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &offsets = saved[2], &row_of_slot = saved[3];
    const Tensor &token_of_row = saved[4], &gate = saved[8], &up = saved[9], &out = saved[10];
    const Tensor dy = grads[0].contiguous();
    const int64_t tokens = x.size(0), dim = x.size(1), top_k = weight.size(1);
    const int64_t rows = gate.size(0), width = gate.size(1), num_experts = offsets.size(0) - 1;
    const int64_t* runs = offsets.const_data_ptr<int64_t>();

    const Tensor dout = empty({rows, dim}), dweight = at::empty_like(weight);
    cpu::combine_rows_backward(cdata(dy), cdata(out), row_of_slot.const_data_ptr<int32_t>(),
                               cdata(weight), data(dout), data(dweight), tokens, top_k, dim);
    const Tensor product = empty({rows, width}), dproduct = empty({rows, width});
    cpu::swiglu_forward(cdata(gate), cdata(up), data(product), rows * width);
    if (float* grad = grad_of(saved[7])) {
      cpu::grouped_grad_weight(cdata(dout), cdata(product), runs, grad, num_experts, dim, width);
    }
    cpu::grouped_grad_input(cdata(dout), cdata(saved[7]), runs, data(dproduct), num_experts, dim,
                            width);
    const Tensor dgate = product, dup = empty({rows, width});
    cpu::swiglu_backward(cdata(dproduct), cdata(gate), cdata(up), data(dgate), data(dup),
                         rows * width);
    const Tensor sorted = empty({rows, dim});
    cpu::gather_rows(cdata(x), token_of_row.const_data_ptr<int32_t>(), data(sorted), rows, dim);
    if (float* grad = grad_of(saved[5])) {
      cpu::grouped_grad_weight(cdata(dgate), cdata(sorted), runs, grad, num_experts, width, dim);
    }
    if (float* grad = grad_of(saved[6])) {
      cpu::grouped_grad_weight(cdata(dup), cdata(sorted), runs, grad, num_experts, width, dim);
    }
    const Tensor dx = empty({tokens, dim});
    const Tensor& drows = sorted;  // which is done with
    for (const bool second : {false, true}) {
      cpu::grouped_grad_input(cdata(second ? dup : dgate), cdata(saved[second ? 6 : 5]), runs,
                              data(drows), num_experts, width, dim);
      cpu::combine_rows(cdata(drows), row_of_slot.const_data_ptr<int32_t>(), nullptr, data(dx),
                        tokens, top_k, dim, second);
    }
    return {dx, dweight, {}, {}, {}, {}, {}, {}};
  }
};

}  // namespace

Routing route(const Tensor& logits, const Tensor& bias, const kernels::RouteShape& shape) {
  check(logits.dim() == 2 && logits.size(1) == shape.experts, "route: expected [tokens, {}] logits",
        shape.experts);
  auto out = RouteFunction::apply(logits, optional(bias), &shape);
  return {out[0], out[1], out[2]};
}

Tensor experts(const Tensor& x, const Routing& routing, const Experts& e) {
  check(x.dim() == 2 && x.size(1) == e.gate.in, "experts: expected [tokens, {}]", e.gate.in);
  return ExpertsFunction::apply(x, routing.weight, routing.expert, e.gate.value, e.up.value,
                                e.down.value, e.num_experts, e.gate.out);
}

}  // namespace grpo::policy::ops
