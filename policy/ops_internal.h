#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "policy/ops.h"

/// Shared by the ops_*.cpp files only.
namespace grpo::policy::ops::internal {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

inline Tensor empty(at::IntArrayRef sizes) { return at::empty(sizes, at::kFloat); }

inline float* data(const Tensor& t) { return t.mutable_data_ptr<float>(); }
inline const float* cdata(const Tensor& t) {
  return t.defined() ? t.const_data_ptr<float>() : nullptr;
}

/// Autograd takes an absent input only as an empty optional.
using Optional = std::optional<Tensor>;
inline Optional optional(const Tensor& t) { return t.defined() ? Optional(t) : std::nullopt; }
inline Tensor tensor(const Optional& t) { return t.value_or(Tensor()); }
inline const float* cdata(const Optional& t) { return t ? t->const_data_ptr<float>() : nullptr; }

/// Where a parameter's gradient is summed: made as zeros when missing; null when it is frozen.
inline float* grad_of(const Tensor& parameter) {
  if (!parameter.defined() || !parameter.requires_grad()) return nullptr;
  Tensor& grad = parameter.mutable_grad();
  if (!grad.defined()) grad = at::zeros_like(parameter);
  return data(grad);
}

}  // namespace grpo::policy::ops::internal
