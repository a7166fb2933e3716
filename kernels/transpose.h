#pragma once

#include <cstdint>

#include "kernels/isa.h"

/// For `<op>_cpu.cpp` files only, like kernels/isa.h.
namespace grpo::kernels::cpu::GRPO_ISA {

/// to[j * to_stride + i] = from[i * from_stride + j] for i, j < 16.
inline void transpose16(const float* from, int64_t from_stride, float* to, int64_t to_stride) {
#if defined(GRPO_ISA_avx2) || defined(GRPO_ISA_avx512)
  for (int quarter = 0; quarter < 4; ++quarter) {
    const int64_t i = quarter / 2 * 8, j = quarter % 2 * 8;
    __m256 r[8], s[8];
#pragma GCC unroll 8
    for (int k = 0; k < 8; ++k) r[k] = _mm256_loadu_ps(from + (i + k) * from_stride + j);
#pragma GCC unroll 4
    for (int k = 0; k < 8; k += 2) {
      s[k] = _mm256_unpacklo_ps(r[k], r[k + 1]);
      s[k + 1] = _mm256_unpackhi_ps(r[k], r[k + 1]);
    }
#pragma GCC unroll 2
    for (int k = 0; k < 8; k += 4) {
      r[k] = _mm256_shuffle_ps(s[k], s[k + 2], 0x44);
      r[k + 1] = _mm256_shuffle_ps(s[k], s[k + 2], 0xee);
      r[k + 2] = _mm256_shuffle_ps(s[k + 1], s[k + 3], 0x44);
      r[k + 3] = _mm256_shuffle_ps(s[k + 1], s[k + 3], 0xee);
    }
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) {
      _mm256_storeu_ps(to + (j + k) * to_stride + i, _mm256_permute2f128_ps(r[k], r[k + 4], 0x20));
      _mm256_storeu_ps(to + (j + k + 4) * to_stride + i,
                       _mm256_permute2f128_ps(r[k], r[k + 4], 0x31));
    }
  }
#else
  for (int64_t i = 0; i < kLanes; ++i) {
    for (int64_t j = 0; j < kLanes; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
#endif
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
