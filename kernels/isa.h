#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(GRPO_ISA_avx2) || defined(GRPO_ISA_avx512)
#include <immintrin.h>
#endif

/// Sixteen float lanes, the unit in which every CPU kernel computes (kernels/dispatch.h).
///
/// For `<op>_cpu.cpp` files only: GRPO_ISA is the namespace being compiled. Each operation rounds
/// once per lane, so the three instruction sets agree bit for bit. Reductions over lanes add lane
/// i and i + 8, then i and i + 4, i + 2, i + 1.
namespace grpo::kernels::cpu::GRPO_ISA {

inline constexpr int64_t kLanes = 16;

#if defined(GRPO_ISA_avx512)

struct v16 {
  __m512 v;
};
inline v16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
inline void store(float* p, v16 a) { _mm512_storeu_ps(p, a.v); }
inline v16 broadcast(float x) { return {_mm512_set1_ps(x)}; }
inline v16 operator+(v16 a, v16 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline v16 operator-(v16 a, v16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline v16 operator*(v16 a, v16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline v16 operator/(v16 a, v16 b) { return {_mm512_div_ps(a.v, b.v)}; }
inline v16 max(v16 a, v16 b) { return {_mm512_max_ps(a.v, b.v)}; }
inline v16 min(v16 a, v16 b) { return {_mm512_min_ps(a.v, b.v)}; }
/// a * b + c, rounded once.
inline v16 fma(v16 a, v16 b, v16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline v16 sqrt(v16 a) { return {_mm512_sqrt_ps(a.v)}; }
/// Nearest integer, ties to even.
inline v16 round(v16 a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
/// 2^n for integral n in [-126, 127].
inline v16 exp2_integral(v16 n) {
  const __m512i i = _mm512_add_epi32(_mm512_cvtps_epi32(n.v), _mm512_set1_epi32(127));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(i, 23))};
}
/// Lanes where a < b take x, the others y.
inline v16 select_less(v16 a, v16 b, v16 x, v16 y) {
  return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ), y.v, x.v)};
}

#elif defined(GRPO_ISA_avx2)

struct v16 {
  __m256 lo, hi;
};
inline v16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, v16 a) {
  _mm256_storeu_ps(p, a.lo);
  _mm256_storeu_ps(p + 8, a.hi);
}
inline v16 broadcast(float x) {
  const __m256 b = _mm256_set1_ps(x);
  return {b, b};
}
inline v16 operator+(v16 a, v16 b) {
  return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
}
inline v16 operator-(v16 a, v16 b) {
  return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
}
inline v16 operator*(v16 a, v16 b) {
  return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
}
inline v16 operator/(v16 a, v16 b) {
  return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
}
inline v16 max(v16 a, v16 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
inline v16 min(v16 a, v16 b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
inline v16 fma(v16 a, v16 b, v16 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
inline v16 sqrt(v16 a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
inline v16 round(v16 a) {
  constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
  return {_mm256_round_ps(a.lo, kMode), _mm256_round_ps(a.hi, kMode)};
}
inline v16 exp2_integral(v16 n) {
  const auto half = [](__m256 x) {
    const __m256i i = _mm256_add_epi32(_mm256_cvtps_epi32(x), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(i, 23));
  };
  return {half(n.lo), half(n.hi)};
}
inline v16 select_less(v16 a, v16 b, v16 x, v16 y) {
  return {_mm256_blendv_ps(y.lo, x.lo, _mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ)),
          _mm256_blendv_ps(y.hi, x.hi, _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ))};
}

#else

struct v16 {
  float v[kLanes];
};
template <class F>
inline v16 map_lanes(F f) {
  v16 r;
  for (int i = 0; i < kLanes; ++i) r.v[i] = f(i);
  return r;
}
inline v16 load(const float* p) {
  return map_lanes([&](int i) { return p[i]; });
}
inline void store(float* p, v16 a) { std::memcpy(p, a.v, sizeof a.v); }
inline v16 broadcast(float x) {
  return map_lanes([&](int) { return x; });
}
inline v16 operator+(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] + b.v[i]; });
}
inline v16 operator-(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] - b.v[i]; });
}
inline v16 operator*(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] * b.v[i]; });
}
inline v16 operator/(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] / b.v[i]; });
}
// The order of the comparisons is x86's: the second operand where either is NaN.
inline v16 max(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
inline v16 min(v16 a, v16 b) {
  return map_lanes([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
inline v16 fma(v16 a, v16 b, v16 c) {
  return map_lanes([&](int i) { return std::fma(a.v[i], b.v[i], c.v[i]); });
}
inline v16 sqrt(v16 a) {
  return map_lanes([&](int i) { return std::sqrt(a.v[i]); });
}
inline v16 round(v16 a) {
  return map_lanes([&](int i) { return std::nearbyint(a.v[i]); });
}
inline v16 exp2_integral(v16 n) {
  return map_lanes([&](int i) {
    const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(n.v[i]) + 127) << 23;
    float f;
    std::memcpy(&f, &bits, sizeof f);
    return f;
  });
}
inline v16 select_less(v16 a, v16 b, v16 x, v16 y) {
  return map_lanes([&](int i) { return a.v[i] < b.v[i] ? x.v[i] : y.v[i]; });
}

#endif

/// The first `count` lanes from p (0 <= count <= 16), the others `fill`.
inline v16 load_partial(const float* p, int64_t count, float fill = 0.0f) {
  alignas(64) float buffer[kLanes];
  for (int64_t i = 0; i < kLanes; ++i) buffer[i] = i < count ? p[i] : fill;
  return load(buffer);
}

inline void store_partial(float* p, v16 a, int64_t count) {
  alignas(64) float buffer[kLanes];
  store(buffer, a);
  std::memcpy(p, buffer, static_cast<size_t>(count) * sizeof(float));
}

/// The same, for loops whose last step may be short.
inline v16 load_lanes(const float* p, int64_t count, float fill = 0.0f) {
  return count >= kLanes ? load(p) : load_partial(p, count, fill);
}

inline void store_lanes(float* p, v16 a, int64_t count) {
  if (count >= kLanes) {
    store(p, a);
  } else {
    store_partial(p, a, count);
  }
}

inline float reduce_add(v16 a) {
  alignas(64) float x[kLanes];
  store(x, a);
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) x[i] += x[i + half];
  }
  return x[0];
}

inline float reduce_max(v16 a) {
  alignas(64) float x[kLanes];
  store(x, a);
  float m = x[0];
  for (int64_t i = 1; i < kLanes; ++i) m = x[i] > m ? x[i] : m;
  return m;
}

/// e^x, within 2 units in the last place; 0 below -87.3 (also at -inf), finite above.
/// Cody-Waite reduction by ln 2, then the degree-6 minimax polynomial of Cephes' expf.
inline v16 exp(v16 x) {
  const v16 low = broadcast(-87.33654f);
  // Operand order keeps NaN: max and min return the second operand where either is NaN.
  const v16 clamped = min(broadcast(88.37626f), max(low, x));
  const v16 n = round(clamped * broadcast(1.44269504088896341f));
  v16 r = fma(n, broadcast(-0.693359375f), clamped);
  r = fma(n, broadcast(2.12194440e-4f), r);
  v16 p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  const v16 y = fma(p, r * r, r + broadcast(1.0f)) * exp2_integral(n);
  return select_less(x, low, broadcast(0.0f), y);
}

/// The same for one value: lane 0 of exp, so that scalar tails agree with vectors.
inline float exp1(float x) {
  alignas(64) float buffer[kLanes];
  store(buffer, exp(broadcast(x)));
  return buffer[0];
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
