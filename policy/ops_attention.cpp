#include "base/error.h"
#include "kernels/rope.h"
#include "policy/ops_internal.h"

namespace grpo::policy::ops {
namespace {

using namespace internal;
namespace cpu = kernels::cpu;
using kernels::kPageSize;

struct RopeFunction : torch::autograd::Function<RopeFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const RopeTables* tables,
                        const Tensor& positions, int64_t skip) {
    const Tensor y = x.clone();
    turn(y, *tables, positions, skip, false);
    ctx->saved_data["tables"] = reinterpret_cast<int64_t>(tables);
    ctx->saved_data["skip"] = skip;
    ctx->save_for_backward({positions});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    // saved_data holds numbers and tensors only. NOLINTNEXTLINE(performance-no-int-to-ptr)
    const auto* tables = reinterpret_cast<const RopeTables*>(ctx->saved_data["tables"].toInt());
    const Tensor dx = grads[0].clone(at::MemoryFormat::Contiguous);
    turn(dx, *tables, ctx->get_saved_variables()[0], ctx->saved_data["skip"].toInt(), true);
    return {dx, Tensor(), Tensor(), Tensor()};
  }

  static void turn(const Tensor& x, const RopeTables& tables, const Tensor& positions, int64_t skip,
                   bool inverse) {
    cpu::rope(data(x), tables.cos(), tables.sin(), positions.const_data_ptr<int32_t>(), x.size(0),
              x.size(1), x.size(2), skip, tables.config().rotary_dim, tables.config().interleaved,
              inverse);
  }
};

/// Whole sequences: a temporary cache in the engine's own layout, so that forward is one kernel.
struct AttentionFunction : torch::autograd::Function<AttentionFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor& q, const Tensor& k, const Tensor& v,
                        const AttentionInput* input, const kernels::AttentionShape* shape) {
    const int64_t tokens = q.size(0);
    const Tensor keys =
        at::zeros({input->num_pages, shape->kv_heads, shape->dim, kPageSize}, at::kFloat);
    const Tensor values =
        at::zeros({input->num_pages, shape->kv_heads, kPageSize, shape->v_dim}, at::kFloat);
    cpu::kv_write(cdata(k), cdata(v), input->slots.data(), data(keys), data(values), tokens,
                  shape->kv_heads, shape->dim, shape->v_dim);
    const Tensor out = empty({tokens, shape->heads, shape->v_dim});
    const Tensor log_sum = empty({tokens, shape->heads});
    cpu::attention_forward(cdata(q), cdata(keys), cdata(values), input->runs.data(),
                           static_cast<int64_t>(input->runs.size()), *shape, data(out),
                           data(log_sum));
    const Tensor offsets = at::empty({static_cast<int64_t>(input->offsets.size())}, at::kLong);
    std::copy(input->offsets.begin(), input->offsets.end(), offsets.mutable_data_ptr<int64_t>());
    ctx->save_for_backward({q, k, v, out, log_sum, offsets});
    ctx->saved_data["scale"] = static_cast<double>(shape->scale);
    ctx->saved_data["window"] = shape->window;
    return out;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &q = saved[0], &k = saved[1], &v = saved[2], &offsets = saved[5];
    const Tensor dout = grads[0].contiguous();
    const kernels::AttentionShape shape{
        .heads = q.size(1),
        .kv_heads = k.size(1),
        .dim = q.size(2),
        .v_dim = v.size(2),
        .scale = static_cast<float>(ctx->saved_data["scale"].toDouble()),
        .window = ctx->saved_data["window"].toInt()};
    const Tensor dq = at::empty_like(q), dk = at::empty_like(k), dv = at::empty_like(v);
    cpu::attention_backward(cdata(dout), cdata(q), cdata(k), cdata(v), cdata(saved[3]),
                            cdata(saved[4]), offsets.const_data_ptr<int64_t>(), offsets.size(0) - 1,
                            shape, data(dq), data(dk), data(dv));
    return {dq, dk, dv, Tensor(), Tensor()};
  }
};

}  // namespace

Tensor rope(const Tensor& x, const RopeTables& tables, std::span<const int32_t> positions,
            int64_t skip) {
  const int64_t tokens = x.size(0);
  check(x.dim() == 3 && x.is_contiguous() && static_cast<int64_t>(positions.size()) == tokens,
        "rope: expected contiguous [tokens, heads, head_dim] with one position per token");
  check(skip + tables.config().rotary_dim <= x.size(2), "rope: {} + {} dims of a head of {}", skip,
        tables.config().rotary_dim, x.size(2));
  const Tensor p = at::empty({tokens}, at::kInt);
  std::copy(positions.begin(), positions.end(), p.mutable_data_ptr<int32_t>());
  return RopeFunction::apply(x, &tables, p, skip);
}

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionInput& input,
                 const kernels::AttentionShape& shape) {
  check(q.dim() == 3 && q.size(1) == shape.heads && q.size(2) == shape.dim && q.is_contiguous() &&
            k.size(1) == shape.kv_heads && k.size(2) == shape.dim && k.is_contiguous() &&
            v.size(1) == shape.kv_heads && v.size(2) == shape.v_dim && v.is_contiguous(),
        "attention: q, k, v do not fit {} heads of {}, {} kv heads, v {}", shape.heads, shape.dim,
        shape.kv_heads, shape.v_dim);
  if (!input.key_pages.defined()) return AttentionFunction::apply(q, k, v, &input, &shape);
  cpu::kv_write(cdata(k), cdata(v), input.slots.data(), data(input.key_pages),
                data(input.value_pages), k.size(0), shape.kv_heads, shape.dim, shape.v_dim);
  const Tensor out = empty({q.size(0), shape.heads, shape.v_dim});
  cpu::attention_forward(cdata(q), cdata(input.key_pages), cdata(input.value_pages),
                         input.runs.data(), static_cast<int64_t>(input.runs.size()), shape,
                         data(out), nullptr);
  return out;
}

}  // namespace grpo::policy::ops
