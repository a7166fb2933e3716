#include "kernels/launch.cuh"
#include "kernels/rms_norm_body.h"

namespace grpo::kernels::cuda {

Status rms_norm_forward(const float* x, const float* weight, float* y, float* inv_rms, int64_t rows,
                        int64_t dim, float eps, Stream stream) {
  return for_each_team(rows, stream, [=] __device__(int64_t r) {
    rms_norm_row(x + r * dim, weight, y + r * dim, inv_rms != nullptr ? inv_rms + r : nullptr, dim,
                 eps);
  });
}

Status rms_norm_backward(const float* dy, const float* x, const float* weight, const float* inv_rms,
                         float* dx, float* dweight, int64_t rows, int64_t dim, Stream stream) {
  const Status status = for_each_team(rows, stream, [=] __device__(int64_t r) {
    rms_norm_grad_row(dy + r * dim, x + r * dim, weight, inv_rms[r], dx + r * dim, dim);
  });
  if (!status.ok()) return status;
  return for_each_thread(dim, stream, [=] __device__(int64_t j) {
    rms_norm_grad_weight(dy, x, inv_rms, dweight, j, rows, dim);
  });
}

}  // namespace grpo::kernels::cuda
