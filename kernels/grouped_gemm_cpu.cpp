#include "kernels/gemm.h"
#include "kernels/grouped_gemm.h"

namespace grpo::kernels::cpu::GRPO_ISA {

void grouped_matmul(const float* x, const float* weights, const int64_t* offsets, float* y,
                    int64_t experts, int64_t out, int64_t in) {
  multiply(x, weights, nullptr, {offsets, experts}, y, out, in);
}

void grouped_grad_input(const float* dy, const float* weights, const int64_t* offsets, float* dx,
                        int64_t experts, int64_t out, int64_t in) {
  multiply_transposed(dy, weights, {offsets, experts}, dx, out, in, /*accumulate=*/false);
}

void grouped_grad_weight(const float* dy, const float* x, const int64_t* offsets, float* dweights,
                         int64_t experts, int64_t out, int64_t in) {
  accumulate_outer(dy, x, {offsets, experts}, dweights, out, in);
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
