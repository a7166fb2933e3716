#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "kernels/isa.h"

/// The register tile under every matrix product on the CPU (for `<op>_cpu.cpp` files only).
///
/// y(r, b) += sum over k of x(r, k) * w(b, k), where y(r, b) and w(b, k) are sixteen lanes and x(r,
/// k) is one float: per lane one chain of fused multiply-adds in order of k. A product over a long
/// k is cut into pieces that pass the unfinished chain through y, which changes no bit.
namespace grpo::kernels::cpu::GRPO_ISA {

struct TileArgs {
  const float* x = nullptr;  ///< see Walk
  int64_t x_stride = 0;
  const float* w = nullptr;  ///< w(b, k) = w[b * w_block + k * 16 ...]
  int64_t w_block = 0;
  float* y = nullptr;  ///< y(r, b) = y[r * y_row + b * y_block ...]
  int64_t y_row = 0;
  int64_t y_block = 0;
  int64_t depth = 0;            ///< number of k
  bool resume = false;          ///< chains start from y, else from zero
  const float* bias = nullptr;  ///< added behind the chain: lanes of block b at bias[16 b]
};

/// How x lies in memory. kRow: as stored, x(r, k) = x[r * x_stride + k]. kPacked: the rows of the
/// tile side by side, x(r, k) = x[k * rows + r].
enum class Walk { kRow, kPacked };

// Tile sizes: as many chains as the registers hold beside w(b, k) and the broadcast x(r, k), and at
// least the 8 that two units of 4 cycles need. An AVX2 v16 takes two registers.
#if defined(GRPO_ISA_avx512)
inline constexpr int kTileRows = 12;
constexpr int tile_blocks(int rows) { return rows <= 6 ? 4 : 2; }
#elif defined(GRPO_ISA_avx2)
inline constexpr int kTileRows = 6;
constexpr int tile_blocks(int rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
#else
inline constexpr int kTileRows = 4;
constexpr int tile_blocks(int) { return 1; }
#endif

template <int kRows, int kBlocks, Walk kWalk>
void tile(const TileArgs& a) {
  v16 sum[kRows][kBlocks];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b) {
      sum[r][b] = a.resume ? load(a.y + r * a.y_row + b * a.y_block) : broadcast(0.0f);
    }
  }
  const float* x = a.x;
  const float* w = a.w;
  const int64_t x_row = kWalk == Walk::kRow ? a.x_stride : 1;
  // NOLINTNEXTLINE(bugprone-branch-clone): kRows may be 1
  const int64_t x_step = kWalk == Walk::kRow ? 1 : kRows;
  const int64_t w_block = a.w_block;
#pragma GCC unroll 2
  for (int64_t k = a.depth; k > 0; --k) {
    v16 wk[kBlocks];
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b) {
      wk[b] = load(w + b * w_block);
      // Few rows: weights stream from memory, and each of the blocks is a stream of its own.
      if constexpr (kRows <= 8) __builtin_prefetch(w + b * w_block + 16 * 32);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const v16 xk = broadcast(x[r * x_row]);
#pragma GCC unroll 4
      for (int b = 0; b < kBlocks; ++b) sum[r][b] = fma(xk, wk[b], sum[r][b]);
    }
    x += x_step;
    w += kLanes;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int b = 0; b < kBlocks; ++b) {
      const v16 s = a.bias != nullptr ? sum[r][b] + load(a.bias + b * kLanes) : sum[r][b];
      store(a.y + r * a.y_row + b * a.y_block, s);
    }
  }
}

using Tile = void (*)(const TileArgs&);

template <int kBlocks, Walk kWalk, int... kIndex>
constexpr std::array<Tile, sizeof...(kIndex)> make_tiles(std::integer_sequence<int, kIndex...>) {
  // A tile too large for the registers is never asked for: its place holds the largest that fits.
  return {&tile<(tile_blocks(kIndex + 1) >= kBlocks ? kIndex + 1 : 1), kBlocks, kWalk>...};
}

/// The tile of rows x blocks; blocks is 1 or at most tile_blocks(rows).
template <Walk kWalk>
inline Tile find_tile(int64_t rows, int64_t blocks) {
  constexpr auto kIndices = std::make_integer_sequence<int, kTileRows>{};
  static constexpr auto kOne = make_tiles<1, kWalk>(kIndices);
  static constexpr auto kTwo = make_tiles<2, kWalk>(kIndices);
  static constexpr auto kFour = make_tiles<4, kWalk>(kIndices);
  const auto& tiles = blocks == 1 ? kOne : blocks == 2 ? kTwo : kFour;
  return tiles[static_cast<size_t>(rows - 1)];
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
