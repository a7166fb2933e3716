#include "kernels/launch.cuh"
#include "kernels/rope_body.h"

namespace grpo::kernels::cuda {

Status rope(float* x, const float* cos, const float* sin, const int32_t* position, int64_t tokens,
            int64_t heads, int64_t head_dim, int64_t skip, int64_t rotary_dim, bool interleaved,
            bool inverse, Stream stream) {
  return for_each_thread(tokens * heads * (rotary_dim / 2), stream, [=] __device__(int64_t i) {
    rope_pair(x, cos, sin, position, i, heads, head_dim, skip, rotary_dim, interleaved, inverse);
  });
}

}  // namespace grpo::kernels::cuda
