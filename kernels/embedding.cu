#include "kernels/embedding_body.h"
#include "kernels/launch.cuh"

namespace grpo::kernels::cuda {

Status embedding_forward(const float* table, const int32_t* ids, float factor, float* y,
                         int64_t tokens, int64_t dim, Stream stream) {
  return for_each_team(tokens, stream, [=] __device__(int64_t t) {
    embedding_row(table, ids[t], factor, y + t * dim, dim);
  });
}

Status embedding_backward(const float* dy, const int32_t* ids, float factor, float* dtable,
                          int64_t tokens, int64_t dim, Stream stream) {
  return for_each_thread(dim, stream, [=] __device__(int64_t i) {
    embedding_grad_column(dy, ids, factor, dtable, i, tokens, dim);
  });
}

}  // namespace grpo::kernels::cuda
