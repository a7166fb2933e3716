#include <algorithm>

#include "kernels/adamw.h"
#include "kernels/buffer.h"
#include "kernels/isa.h"
#include "kernels/parallel.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

constexpr int64_t kGrain = 16384;      // elements of one task
constexpr int64_t kNormBlock = 16384;  // elements of one partial sum: part of the result's bits

}  // namespace

void adamw(float* parameter, const float* grad, float* moment1, float* moment2, int64_t n,
           const AdamwStep& step) {
  const v16 scale = broadcast(step.grad_scale);
  const v16 beta1 = broadcast(step.beta1), rest1 = broadcast(1.0f - step.beta1);
  const v16 beta2 = broadcast(step.beta2), rest2 = broadcast(1.0f - step.beta2);
  const v16 bias1 = broadcast(step.bias1), bias2 = broadcast(step.bias2);
  const v16 rate = broadcast(step.learning_rate), eps = broadcast(step.eps);
  const v16 decay = broadcast(step.learning_rate * step.weight_decay);
  parallel_for((n + kGrain - 1) / kGrain, 1, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(end * kGrain, n);
    for (int64_t i = begin * kGrain; i < last; i += kLanes) {
      const int64_t count = std::min(kLanes, last - i);
      const auto get = [&](const float* p) {
        return count == kLanes ? load(p + i) : load_partial(p + i, count);
      };
      const auto put = [&](float* p, v16 a) {
        count == kLanes ? store(p + i, a) : store_partial(p + i, a, count);
      };
      const v16 g = scale * get(grad);
      const v16 m = beta1 * get(moment1) + rest1 * g;
      const v16 v = beta2 * get(moment2) + rest2 * (g * g);
      const v16 p = get(parameter);
      const v16 update = (m / bias1) / (sqrt(v / bias2) + eps);
      put(moment1, m);
      put(moment2, v);
      put(parameter, (p - decay * p) - rate * update);
    }
  });
}

double squared_norm(const float* x, int64_t n) {
  const int64_t blocks = (n + kNormBlock - 1) / kNormBlock;
  Buffer<double> partial(blocks);
  parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t last = std::min((block + 1) * kNormBlock, n);
      int64_t i = block * kNormBlock;
      double lanes[kLanes] = {};
      for (; i + kLanes <= last; i += kLanes) {
        // A product of two floats is exact in double, so contraction could not change a bit.
        for (int64_t j = 0; j < kLanes; ++j) lanes[j] += double{x[i + j]} * double{x[i + j]};
      }
      double sum = 0;
      for (const double lane : lanes) sum += lane;
      for (; i < last; ++i) sum += double{x[i]} * double{x[i]};
      partial[block] = sum;
    }
  });
  double total = 0;
  for (int64_t block = 0; block < blocks; ++block) total += partial[block];
  return total;
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
