#pragma once

#include <math.h>

#include <cstdint>
#include <cstring>

/// The sixteen lanes of kernels/isa.h as CUDA threads: for `<op>_body.h` and `<op>.cu`.
///
/// A *team* is 16 neighbouring threads, half a warp; lane i of a v16 lives in a register of thread
/// i. A body written with v16 is thus one team's program, with the CPU kernel's order of arithmetic
/// and, as long as nothing is contracted (nvcc -fmad=false), its bits. A C++ compiler makes of the
/// same body a loop over 16 floats: tests/kernels/*_body_test.cpp runs it without a GPU.
///
/// All threads of a team call these together; their control flow may depend on uniform values only.
#ifdef __CUDACC__
#define GRPO_DEVICE __device__ __forceinline__
#else
#define GRPO_DEVICE inline
#endif

namespace grpo::kernels::cuda {

inline constexpr int64_t kLanes = 16;

#ifdef __CUDACC__

template <class T>
struct Lanes {
  T v;
};

GRPO_DEVICE int lane() { return static_cast<int>(threadIdx.x % kLanes); }
/// The team's threads within its warp.
GRPO_DEVICE unsigned team_mask() { return threadIdx.x % 32 < kLanes ? 0x0000ffffu : 0xffff0000u; }

/// What the team's threads wrote before is seen by all of them behind.
GRPO_DEVICE void team_sync() { __syncwarp(team_mask()); }
/// True in one thread of the team.
GRPO_DEVICE bool team_leader() { return lane() == 0; }

/// f(lane of a, lane of b, ...) in every lane.
template <class F, class... T>
GRPO_DEVICE auto map_lanes(F f, Lanes<T>... a) {
  return Lanes<decltype(f(a.v...))>{f(a.v...)};
}
template <class T>
GRPO_DEVICE Lanes<T> broadcast(T x) {
  return {x};
}
/// The value of lane `i`, for all.
template <class T>
GRPO_DEVICE T lane_value(Lanes<T> a, int i) {
  return __shfl_sync(team_mask(), a.v, i, static_cast<int>(kLanes));
}
/// Lane i takes p[i], or `fill` from `count` on.
template <class T>
GRPO_DEVICE Lanes<T> load_lanes(const T* p, int64_t count, T fill = T{}) {
  return {lane() < count ? p[lane()] : fill};
}
/// Lane i takes p[i * stride], or zero from `count` on.
GRPO_DEVICE Lanes<float> load_strided(const float* p, int64_t stride, int64_t count) {
  return {lane() < count ? p[lane() * stride] : 0.0f};
}
template <class T>
GRPO_DEVICE void store_lanes(T* p, Lanes<T> a, int64_t count) {
  if (lane() < count) p[lane()] = a.v;
}
/// p[i * stride] takes lane i < count.
GRPO_DEVICE void store_strided(float* p, int64_t stride, Lanes<float> a, int64_t count) {
  if (lane() < count) p[lane() * stride] = a.v;
}
/// Lanes [low, high] of a; the others `other`.
GRPO_DEVICE Lanes<float> keep_lanes(Lanes<float> a, int64_t low, int64_t high, float other) {
  return {lane() >= low && lane() <= high ? a.v : other};
}
/// f(lane i, lane i + half) for i < half, for halves 8, 4, 2, 1: the order of kernels/isa.h.
template <class T, class F>
GRPO_DEVICE T reduce_lanes(Lanes<T> a, F f) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    const T other = __shfl_down_sync(team_mask(), a.v, half, static_cast<int>(kLanes));
    a.v = f(a.v, other);  // lanes from `half` on are not used again
  }
  return lane_value(a, 0);
}

GRPO_DEVICE float bits_to_float(uint32_t bits) { return __uint_as_float(bits); }
GRPO_DEVICE uint32_t float_to_bits(float x) { return __float_as_uint(x); }

#else

template <class T>
struct Lanes {
  T v[kLanes];
};

GRPO_DEVICE void team_sync() {}
GRPO_DEVICE bool team_leader() { return true; }

template <class F, class... T>
GRPO_DEVICE auto map_lanes(F f, const Lanes<T>&... a) {
  Lanes<decltype(f(a.v[0]...))> result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = f(a.v[i]...);
  return result;
}
template <class T>
GRPO_DEVICE Lanes<T> broadcast(T x) {
  Lanes<T> result;
  for (T& lane : result.v) lane = x;
  return result;
}
template <class T>
GRPO_DEVICE T lane_value(const Lanes<T>& a, int i) {
  return a.v[i];
}
template <class T>
GRPO_DEVICE Lanes<T> load_lanes(const T* p, int64_t count, T fill = T{}) {
  Lanes<T> result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = i < count ? p[i] : fill;
  return result;
}
GRPO_DEVICE Lanes<float> load_strided(const float* p, int64_t stride, int64_t count) {
  Lanes<float> result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = i < count ? p[i * stride] : 0.0f;
  return result;
}
template <class T>
GRPO_DEVICE void store_lanes(T* p, const Lanes<T>& a, int64_t count) {
  for (int i = 0; i < kLanes && i < count; ++i) p[i] = a.v[i];
}
GRPO_DEVICE void store_strided(float* p, int64_t stride, const Lanes<float>& a, int64_t count) {
  for (int i = 0; i < kLanes && i < count; ++i) p[i * stride] = a.v[i];
}
GRPO_DEVICE Lanes<float> keep_lanes(Lanes<float> a, int64_t low, int64_t high, float other) {
  for (int i = 0; i < kLanes; ++i) a.v[i] = i >= low && i <= high ? a.v[i] : other;
  return a;
}
template <class T, class F>
GRPO_DEVICE T reduce_lanes(Lanes<T> a, F f) {
  for (int half = kLanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) a.v[i] = f(a.v[i], a.v[i + half]);
  }
  return a.v[0];
}

GRPO_DEVICE float bits_to_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
GRPO_DEVICE uint32_t float_to_bits(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

#endif

using v16 = Lanes<float>;

GRPO_DEVICE v16 operator+(v16 a, v16 b) {
  return map_lanes([](float x, float y) { return x + y; }, a, b);
}
GRPO_DEVICE v16 operator-(v16 a, v16 b) {
  return map_lanes([](float x, float y) { return x - y; }, a, b);
}
GRPO_DEVICE v16 operator*(v16 a, v16 b) {
  return map_lanes([](float x, float y) { return x * y; }, a, b);
}
GRPO_DEVICE v16 operator/(v16 a, v16 b) {
  return map_lanes([](float x, float y) { return x / y; }, a, b);
}
/// a * b + c, rounded once.
GRPO_DEVICE v16 fma(v16 a, v16 b, v16 c) {
  return map_lanes([](float x, float y, float z) { return fmaf(x, y, z); }, a, b, c);
}

// As in kernels/isa.h: the second operand where either is NaN.
GRPO_DEVICE float larger(float a, float b) { return a > b ? a : b; }
GRPO_DEVICE float smaller(float a, float b) { return a < b ? a : b; }
GRPO_DEVICE v16 larger(v16 a, v16 b) {
  return map_lanes([](float x, float y) { return larger(x, y); }, a, b);
}

GRPO_DEVICE float reduce_add(v16 a) {
  return reduce_lanes(a, [](float x, float y) { return x + y; });
}
GRPO_DEVICE float reduce_max(v16 a) {
  return reduce_lanes(a, [](float x, float y) { return y > x ? y : x; });
}

/// e^x, the function of kernels/isa.h bit for bit: 0 below -87.3 (also at -inf), finite above.
GRPO_DEVICE float exp1(float x) {
  constexpr float kLow = -87.33654f;
  const float clamped = smaller(88.37626f, larger(kLow, x));
  const float n = rintf(clamped * 1.44269504088896341f);
  float r = fmaf(n, -0.693359375f, clamped);
  r = fmaf(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = fmaf(p, r, 1.3981999507e-3f);
  p = fmaf(p, r, 8.3334519073e-3f);
  p = fmaf(p, r, 4.1665795894e-2f);
  p = fmaf(p, r, 1.6666665459e-1f);
  p = fmaf(p, r, 5.0000001201e-1f);
  // A NaN goes through the polynomial; its power of two may be anything.
  const int32_t power = n == n ? static_cast<int32_t>(n) : 0;
  const float y =
      fmaf(p, r * r, r + 1.0f) * bits_to_float(static_cast<uint32_t>(power + 127) << 23);
  return x < kLow ? 0.0f : y;
}
GRPO_DEVICE v16 exp(v16 a) {
  return map_lanes([](float x) { return exp1(x); }, a);
}

/// The step of a loop over columns: fewer than 16 at the end.
GRPO_DEVICE int64_t lanes_left(int64_t end, int64_t at) {
  return end - at < kLanes ? end - at : kLanes;
}

}  // namespace grpo::kernels::cuda
