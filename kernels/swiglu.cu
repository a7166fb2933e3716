#include "kernels/launch.cuh"
#include "kernels/swiglu_body.h"

namespace grpo::kernels::cuda {

Status swiglu_forward(const float* gate, const float* up, float* y, int64_t n, Stream stream) {
  return for_each_thread(n, stream,
                         [=] __device__(int64_t i) { y[i] = swiglu_value(gate[i], up[i]); });
}

Status swiglu_backward(const float* dy, const float* gate, const float* up, float* dgate,
                       float* dup, int64_t n, Stream stream) {
  return for_each_thread(n, stream, [=] __device__(int64_t i) {
    swiglu_grad(dy[i], gate[i], up[i], dgate + i, dup + i);
  });
}

}  // namespace grpo::kernels::cuda
