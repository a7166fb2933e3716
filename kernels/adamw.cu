#include "kernels/adamw_body.h"
#include "kernels/launch.cuh"

namespace grpo::kernels::cuda {

Status adamw(float* parameter, const float* grad, float* moment1, float* moment2, int64_t n,
             const AdamwStep& step, Stream stream) {
  return for_each_thread(n, stream, [=, step = step] __device__(int64_t i) {
    adamw_value(parameter + i, grad[i], moment1 + i, moment2 + i, step);
  });
}

Status squared_norm(const float* x, int64_t n, double* result, Stream stream) {
  const int64_t blocks = (n + kNormBlock - 1) / kNormBlock;
  const Workspace<double> workspace(blocks, stream);
  if (!workspace.status().ok()) return workspace.status();
  double* const partial = workspace.data();
  const Status status = for_each_team(blocks, stream, [=] __device__(int64_t block) {
    const int64_t begin = block * kNormBlock;
    const double sum =
        squared_norm_block(x + begin, n - begin < kNormBlock ? n - begin : kNormBlock);
    if (team_leader()) partial[block] = sum;
  });
  if (!status.ok()) return status;
  return for_each_thread(1, stream, [=] __device__(int64_t) {
    double total = 0;
    for (int64_t block = 0; block < blocks; ++block) total += partial[block];
    *result = total;
  });
}

}  // namespace grpo::kernels::cuda
