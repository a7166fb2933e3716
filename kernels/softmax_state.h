#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/isa.h"

/// The running softmax that `sample` and `linear_logprob` share, so that a token's log-probability
/// has the same bits in both (for `<op>_cpu.cpp` files only).
///
/// A row of logits is cut into chunks of kVocabChunk (kernels/linear_logprob.h). A chunk gives its
/// maximum and, relative to it, two sums by 16 lanes in order of id; the chunks are then joined in
/// order. Each logit is multiplied by `scale` (> 0) once. Logits of -infinity have probability
/// zero; NaN or +infinity anywhere makes `sum` NaN. Source: Milakov & Gimelshein, arXiv 1805.02867
/// (online normaliser).
namespace grpo::kernels::cpu::GRPO_ISA {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();
/// exp is zero below; distances are cut here, so that 0 · distance is zero also for -infinity.
inline constexpr float kFarBelow = -88.0f;

struct SoftmaxSums {
  float max = -kInfinity;
  float sum = 0;       ///< of exp(z - max)
  float weighted = 0;  ///< of exp(z - max) · (z - max)
};

inline SoftmaxSums chunk_sums(const float* logits, int64_t count, float scale) {
  const v16 factor = broadcast(scale);
  const int64_t whole = count / kLanes * kLanes;
  const v16 rest = load_partial(logits + whole, count - whole, -kInfinity) * factor;
  v16 top = max(rest, broadcast(-kInfinity));
  for (int64_t j = 0; j < whole; j += kLanes) top = max(load(logits + j) * factor, top);

  SoftmaxSums sums;
  sums.max = reduce_max(top);
  const v16 base = broadcast(sums.max == -kInfinity ? 0.0f : sums.max);
  v16 sum = broadcast(0.0f), weighted = broadcast(0.0f);
  const auto add = [&](v16 z) {
    const v16 distance = z - base;
    const v16 e = exp(distance);
    sum = sum + e;
    weighted = fma(e, max(broadcast(kFarBelow), distance), weighted);
  };
  for (int64_t j = 0; j < whole; j += kLanes) add(load(logits + j) * factor);
  if (whole < count) add(rest);
  sums.sum = reduce_add(sum);
  sums.weighted = reduce_add(weighted);
  return sums;
}

/// Joins the sums of the next chunk to those of all before.
inline void join(SoftmaxSums& all, const SoftmaxSums& next) {
  if (next.max == -kInfinity) {
    all.sum += next.sum;  // zero, or NaN
    return;
  }
  SoftmaxSums low = next;
  if (next.max > all.max) {
    low = all;
    all = next;
  }
  const float distance = low.max - all.max;
  const float factor = exp1(distance);
  const float cut = distance < kFarBelow ? kFarBelow : distance;
  all.sum = all.sum + factor * low.sum;
  all.weighted = all.weighted + factor * (low.weighted + cut * low.sum);
}

/// The logarithms are taken in double and rounded once.
inline float log_normaliser(const SoftmaxSums& s) {
  return static_cast<float>(double{s.max} + std::log(double{s.sum}));
}
inline float log_probability(const SoftmaxSums& s, float scaled_logit) {
  return static_cast<float>((double{scaled_logit} - double{s.max}) - std::log(double{s.sum}));
}
inline float entropy_of(const SoftmaxSums& s) {
  return static_cast<float>(std::log(double{s.sum}) - double{s.weighted} / double{s.sum});
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
