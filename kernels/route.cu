#include "kernels/launch.cuh"
#include "kernels/route_body.h"

namespace grpo::kernels::cuda {

Status route_forward(const float* logits, const float* bias, const RouteShape& shape, float* scores,
                     int32_t* expert, float* weight, int64_t tokens, Stream stream) {
  const int64_t size = route_scratch(shape);
  const Workspace<float> workspace(tokens * size, stream);
  if (!workspace.status().ok()) return workspace.status();
  float* const scratch = workspace.data();
  return for_each_team(tokens, stream, [=, shape = shape] __device__(int64_t t) {
    const int64_t row = t * shape.experts, chosen = t * shape.top_k;
    route_token(logits + row, bias, shape, scores + row, expert + chosen, weight + chosen,
                scratch + t * size);
  });
}

Status route_replay(const float* logits, const int32_t* expert, const RouteShape& shape,
                    float* scores, float* weight, int64_t tokens, Stream stream) {
  return for_each_team(tokens, stream, [=, shape = shape] __device__(int64_t t) {
    const int64_t row = t * shape.experts, chosen = t * shape.top_k;
    route_scores(logits + row, shape, scores + row);
    route_weights(scores + row, expert + chosen, shape, weight + chosen);
  });
}

Status route_backward(const float* dweight, const float* dscores, const float* scores,
                      const int32_t* expert, const RouteShape& shape, float* dlogits,
                      int64_t tokens, Stream stream) {
  return for_each_team(tokens, stream, [=, shape = shape] __device__(int64_t t) {
    const int64_t row = t * shape.experts, chosen = t * shape.top_k;
    route_grad_token(dweight + chosen, dscores != nullptr ? dscores + row : nullptr, scores + row,
                     expert + chosen, shape, dlogits + row);
  });
}

}  // namespace grpo::kernels::cuda
