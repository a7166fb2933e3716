#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/attention.h"
#include "kernels/isa.h"

/// The inner loops of attention, for attention_*_cpu.cpp only.
///
/// A tile is R query rows. Its scores stand as [page][row][16 keys], so that every row is a
/// constant away from the first. Each score is one chain over dim and each output one chain over
/// keys: how many rows and pages share a register tile changes no bit.
namespace grpo::kernels::cpu::GRPO_ISA {

// Accumulators that fit the register file beside their operands, in units of v16.
#if defined(GRPO_ISA_avx512)
inline constexpr int kQueryRows = 12;
inline constexpr int kAccumulators = 24;
#elif defined(GRPO_ISA_avx2)
inline constexpr int kQueryRows = 6;
inline constexpr int kAccumulators = 6;
#else
inline constexpr int kQueryRows = 4;
inline constexpr int kAccumulators = 4;
#endif

/// Vectors side by side in a register tile of `rows` rows. More than one even for one row, because
/// a lone chain of fused multiply-adds waits for itself.
constexpr int tile_width(int rows) { return std::clamp(kAccumulators / rows, 1, 8); }

/// One row's part of a packed [dim][R] tile: column r.
template <int R>
void pack_row(const float* row, int64_t dim, int64_t r, float* packed) {
  for (int64_t d = 0; d < dim; ++d) packed[d * R + r] = row[d];
}

/// scores[p][r] = (rows[:, r] . pages[p]) * scale for P pages; rows: [dim][R], a page: [dim][16].
template <int R, int P>
void score_pages(const float* rows, const float* const* pages, int64_t dim, float scale,
                 float* scores, int64_t page_stride) {
  v16 sum[P][R];
  for (int p = 0; p < P; ++p) {
    for (int r = 0; r < R; ++r) sum[p][r] = broadcast(0.0f);
  }
  const float* page[P];
  for (int p = 0; p < P; ++p) page[p] = pages[p];
  for (int64_t d = 0; d < dim; ++d) {
    v16 keys[P];
    for (int p = 0; p < P; ++p) keys[p] = load(page[p] + d * kPageSize);
    for (int r = 0; r < R; ++r) {
      const v16 row = broadcast(rows[d * R + r]);
      for (int p = 0; p < P; ++p) sum[p][r] = fma(row, keys[p], sum[p][r]);
    }
  }
  for (int p = 0; p < P; ++p) {
    for (int r = 0; r < R; ++r) {
      store(scores + p * page_stride + r * kPageSize, sum[p][r] * broadcast(scale));
    }
  }
}

/// score_pages over any number of pages; page(i) gives the address of page i.
template <int R, class Page>
void score_tile(const float* rows, Page page, int64_t num_pages, int64_t dim, float scale,
                float* scores, int64_t page_stride) {
  constexpr int kWidth = tile_width(R);
  int64_t i = 0;
  for (; i + kWidth <= num_pages; i += kWidth) {
    const float* pages[kWidth];
    for (int p = 0; p < kWidth; ++p) pages[p] = page(i + p);
    score_pages<R, kWidth>(rows, pages, dim, scale, scores + i * page_stride, page_stride);
  }
  for (; i < num_pages; ++i) {
    const float* last = page(i);
    score_pages<R, 1>(rows, &last, dim, scale, scores + i * page_stride, page_stride);
  }
}

/// sum[m][c] += a[m * kRow + k * kStep] * b[k][16 c ...] for k = 0, 1, ... in order.
template <int kRow, int kStep, int M, int C>
inline void accumulate(v16 (&sum)[M][C], const float* a, const float* b, int64_t b_stride,
                       int64_t count) {
  for (int64_t k = 0; k < count; ++k) {
    v16 values[C];
    for (int c = 0; c < C; ++c) values[c] = load(b + k * b_stride + c * kLanes);
    for (int m = 0; m < M; ++m) {
      const v16 factor = broadcast(a[m * kRow + k * kStep]);
      for (int c = 0; c < C; ++c) sum[m][c] = fma(factor, values[c], sum[m][c]);
    }
  }
}

/// Keys [first, last] of a query.
struct Visible {
  int64_t first, last;

  Visible(int64_t position, int64_t window)
      : first(window > 0 ? std::max<int64_t>(0, position - window + 1) : 0), last(position) {}

  bool whole_page(int64_t key) const { return key >= first && key + kPageSize - 1 <= last; }

  /// x where lane i is a visible key (key + i), else `other`.
  v16 select(int64_t key, v16 x, v16 other) const {
    alignas(64) static constexpr float kLane[kLanes] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                        8, 9, 10, 11, 12, 13, 14, 15};
    const v16 lane = load(kLane);
    x = select_less(lane, broadcast(static_cast<float>(first - key)), other, x);
    return select_less(broadcast(static_cast<float>(last - key)), lane, other, x);
  }
};

}  // namespace grpo::kernels::cpu::GRPO_ISA
