#pragma once

#include <cstdint>
#include <vector>

#include "base/config.h"
#include "base/tensor.h"
#include "policy/decoder.h"

namespace grpo::rl {

struct OptimizerConfig {
  double learning_rate = 1e-6;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.0;
  double clip_norm = 1.0;
  bool freeze_router = false;
};

template <class Visitor>
void fields(Visitor& v, OptimizerConfig& c) {
  v("learning_rate", c.learning_rate, "peak rate of AdamW", open_above(at_least(0)));
  v("beta1", c.beta1, "decay of the first moment", open_above(in_range(0, 1)));
  v("beta2", c.beta2, "decay of the second moment", open_above(in_range(0, 1)));
  v("eps", c.eps, "added to the root of the second moment", open_above(more_than(0)));
  v("weight_decay", c.weight_decay, "decoupled decay of matrices; norms and biases have none",
    open_above(at_least(0)));
  v("clip_norm", c.clip_norm, "gradients are scaled down to this global norm; 0: not clipped",
    open_above(at_least(0)));
  v("freeze_router", c.freeze_router, "routers of a mixture of experts are not trained");
}

template <class Rules>
void rules(const Rules& r, const OptimizerConfig& c) {
  const auto decays = [](double beta) { return static_cast<float>(beta) < 1; };
  r(decays(c.beta1), "beta1", "{} is 1 in float32, which the moments are kept in", c.beta1);
  r(decays(c.beta2), "beta2", "{} is 1 in float32, which the moments are kept in", c.beta2);
  r(static_cast<float>(c.eps) > 0, "eps", "{} is 0 in float32", c.eps);
}

/// AdamW over all parameters of a decoder: float32 weights and moments, fused (kernels/adamw.h).
class Optimizer {
 public:
  /// `decoder` is borrowed. Turns its gradients on.
  Optimizer(const OptimizerConfig& config, policy::Decoder& decoder);

  /// Global L2 norm of the gradients, in float64 and a fixed order.
  double grad_norm() const;

  /// One step at learning_rate * rate_factor, gradients clipped by `norm` (from grad_norm, finite);
  /// then gradients are zero.
  void step(double rate_factor, double norm);
  /// Forgets the gradients.
  void zero_grad() { decoder_.zero_grad(); }

  int64_t num_steps() const { return num_steps_; }
  void set_num_steps(int64_t steps) { num_steps_ = steps; }

  /// Moments in the packed form of decoder.parameters(); undefined for frozen parameters.
  std::vector<Tensor>& first_moments() { return first_; }
  std::vector<Tensor>& second_moments() { return second_; }

  const OptimizerConfig& config() const { return config_; }

 private:
  OptimizerConfig config_;
  policy::Decoder& decoder_;
  std::vector<Tensor> first_, second_;  // [parameters]
  int64_t num_steps_ = 0;
};

}  // namespace grpo::rl
