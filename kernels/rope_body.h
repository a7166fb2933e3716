#pragma once

#include "kernels/lanes.h"

/// One pair of kernels/rope.h, by a thread.
namespace grpo::kernels::cuda {

/// `index` counts [tokens, heads, rotary_dim / 2].
GRPO_DEVICE void rope_pair(float* x, const float* cos, const float* sin, const int32_t* position,
                           int64_t index, int64_t heads, int64_t head_dim, int64_t skip,
                           int64_t rotary_dim, bool interleaved, bool inverse) {
  const int64_t half = rotary_dim / 2;
  const int64_t i = index % half;
  const int64_t head = index / half;  // of all tokens
  const int64_t angle = position[head / heads] * half + i;
  float* const first = x + head * head_dim + skip + (interleaved ? 2 * i : i);
  float* const second = first + (interleaved ? 1 : half);
  const float c = cos[angle], s = inverse ? -sin[angle] : sin[angle];
  const float a = *first, b = *second;
  *first = a * c - b * s;
  *second = b * c + a * s;
}

}  // namespace grpo::kernels::cuda
