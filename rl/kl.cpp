#include "rl/kl.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include "base/error.h"

namespace grpo::rl {

Tensor kl_estimate(const Tensor& logprob, const Tensor& reference, KlEstimator estimator) {
  check(logprob.sizes() == reference.sizes(), "kl: {} log-probabilities, {} of the reference",
        logprob.numel(), reference.numel());
  const auto d = (logprob - reference).clamp(-kMaxLogRatio, kMaxLogRatio);
  switch (estimator) {
    case KlEstimator::kK1:
      return d;
    case KlEstimator::kK2:
      return 0.5 * d.square();
    case KlEstimator::kK3:
      return (-d).expm1() + d;
  }
  throw Error("kl: unknown estimator");
}

}  // namespace grpo::rl
