#include <algorithm>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/swiglu.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

constexpr int64_t kGrain = 8192;  // values per task; a multiple of kLanes

/// 1 + e^-gate, the inverse of the sigmoid: finite for every gate, because exp is.
v16 inverse_sigmoid(v16 gate) { return broadcast(1.0f) + exp(broadcast(0.0f) - gate); }

}  // namespace

void swiglu_forward(const float* gate, const float* up, float* y, int64_t n) {
  parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t count = std::min(kLanes, end - i);
      const v16 g = load_lanes(gate + i, count);
      const v16 silu = g / inverse_sigmoid(g);
      store_lanes(y + i, silu * load_lanes(up + i, count), count);
    }
  });
}

void swiglu_backward(const float* dy, const float* gate, const float* up, float* dgate, float* dup,
                     int64_t n) {
  const v16 one = broadcast(1.0f);
  parallel_for(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      const int64_t count = std::min(kLanes, end - i);
      const v16 g = load_lanes(gate + i, count);
      const v16 d = load_lanes(dy + i, count);
      const v16 u = load_lanes(up + i, count);
      const v16 sigmoid = one / inverse_sigmoid(g);
      // silu' = sigmoid + gate * sigmoid * (1 - sigmoid)
      const v16 slope = sigmoid * (one + g * (one - sigmoid));
      store_lanes(dgate + i, d * u * slope, count);
      store_lanes(dup + i, d * (g * sigmoid), count);
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
