#include <algorithm>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/rope.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

/// (a, b) turned by the angle of cos and sin.
void turn(float& a, float& b, float cos, float sin) {
  const float turned = a * cos - b * sin;
  b = b * cos + a * sin;
  a = turned;
}

}  // namespace

void rope(float* x, const float* cos, const float* sin, const int32_t* position, int64_t tokens,
          int64_t heads, int64_t head_dim, int64_t skip, int64_t rotary_dim, bool interleaved,
          bool inverse) {
  const int64_t half = rotary_dim / 2;
  const float sign = inverse ? -1.0f : 1.0f;
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(heads * rotary_dim, 1));
  parallel_for(tokens, grain, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* cos_row = cos + position[t] * half;
      const float* sin_row = sin + position[t] * half;
      for (int64_t h = 0; h < heads; ++h) {
        float* head = x + (t * heads + h) * head_dim + skip;
        if (interleaved) {
          for (int64_t i = 0; i < half; ++i) {
            turn(head[2 * i], head[2 * i + 1], cos_row[i], sign * sin_row[i]);
          }
        } else {
          for (int64_t j = 0; j < half; ++j) {
            turn(head[j], head[j + half], cos_row[j], sign * sin_row[j]);
          }
        }
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
