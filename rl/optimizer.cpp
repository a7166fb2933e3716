#include "rl/optimizer.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "kernels/adamw.h"

namespace grpo::rl {

Optimizer::Optimizer(const OptimizerConfig& config, policy::Decoder& decoder)
    : config_(config), decoder_(decoder) {
  decoder_.set_requires_grad(true);
  for (policy::Parameter& p : decoder_.parameters()) {
    if (config_.freeze_router && p.name.ends_with(".router")) p.value.set_requires_grad(false);
    const bool trained = p.value.requires_grad();
    first_.push_back(trained ? at::zeros(p.value.sizes(), at::kFloat) : Tensor());
    second_.push_back(trained ? at::zeros(p.value.sizes(), at::kFloat) : Tensor());
  }
}

double Optimizer::grad_norm() const {
  double sum = 0;
  for (const policy::Parameter& p : decoder_.parameters()) {
    const Tensor& grad = p.value.grad();
    if (grad.defined()) {
      sum += kernels::cpu::squared_norm(grad.const_data_ptr<float>(), grad.numel());
    }
  }
  return std::sqrt(sum);
}

void Optimizer::step(double rate_factor, double norm) {
  ++num_steps_;
  const auto t = static_cast<double>(num_steps_);
  kernels::AdamwStep step;
  step.learning_rate = static_cast<float>(config_.learning_rate * rate_factor);
  step.beta1 = static_cast<float>(config_.beta1);
  step.beta2 = static_cast<float>(config_.beta2);
  step.eps = static_cast<float>(config_.eps);
  step.bias1 = static_cast<float>(1 - std::pow(config_.beta1, t));
  step.bias2 = static_cast<float>(1 - std::pow(config_.beta2, t));
  const bool clip = config_.clip_norm > 0 && norm > config_.clip_norm;
  step.grad_scale = static_cast<float>(clip ? config_.clip_norm / norm : 1.0);
  auto& parameters = decoder_.parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    policy::Parameter& p = parameters[i];
    if (!first_[i].defined() || !p.value.grad().defined()) continue;
    step.weight_decay = static_cast<float>(p.is_matrix() ? config_.weight_decay : 0.0);
    kernels::cpu::adamw(p.value.mutable_data_ptr<float>(), p.value.grad().const_data_ptr<float>(),
                        first_[i].mutable_data_ptr<float>(), second_[i].mutable_data_ptr<float>(),
                        p.value.numel(), step);
  }
  zero_grad();
}

}  // namespace grpo::rl
