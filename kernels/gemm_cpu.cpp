#include <algorithm>
#include <cstring>

#include "kernels/buffer.h"
#include "kernels/gemm.h"
#include "kernels/gemm_tile.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"
#include "kernels/transpose.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

// A panel (weights of one tile over one piece of k) stays in the L1 cache while the rows of a block
// pass over it; the block's x, one piece of k wide, and its part of y stay in the L2 cache.
constexpr int64_t kPiece = 256;         // of the summed index; a multiple of 16
constexpr int64_t kRowBlock = 240;      // rows of one task
constexpr int64_t kGroup = 16;          // most column blocks of one task
constexpr int64_t kSerialWork = 32768;  // multiply-adds below which waking a thread costs more

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
constexpr int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

/// Length of the equal pieces into which `total` is cut: at most `limit`, a multiple of `unit`.
int64_t even_piece(int64_t total, int64_t limit, int64_t unit) {
  return total <= limit ? std::max(total, unit)
                        : round_up(ceil_div(total, ceil_div(total, limit)), unit);
}

/// Tasks of all experts in one line: expert e owns rows(e) / row block x column groups of them.
class Tasks {
 public:
  Tasks(const Rows& rows, int64_t column_blocks) : rows_(rows), column_blocks_(column_blocks) {
    int64_t row_blocks = 0;
    for (int64_t e = 0; e < rows.experts; ++e) row_blocks += ceil_div(count(e), kRowBlock);
    // Four tasks for each thread level out what else the machine is doing.
    const int64_t wanted = ceil_div(column_blocks * row_blocks, 4 * int64_t{num_threads()});
    group_ = std::min(round_up(std::max<int64_t>(wanted, 1), 4), kGroup);
    groups_ = ceil_div(column_blocks, group_);
    size_ = row_blocks * groups_;
  }

  int64_t size() const { return size_; }

  struct Task {
    int64_t expert, row_begin, row_end, block_begin, block_end;
  };

  Task operator[](int64_t index) const {
    int64_t e = 0;
    for (;; ++e) {
      const int64_t own = ceil_div(count(e), kRowBlock) * groups_;
      if (index < own) break;
      index -= own;
    }
    const int64_t height = even_piece(count(e), kRowBlock, kTileRows);
    const int64_t row = rows_.offsets[e] + index / groups_ * height;
    const int64_t block = index % groups_ * group_;
    return {e, row, std::min(row + height, rows_.offsets[e + 1]), block,
            std::min(block + group_, column_blocks_)};
  }

 private:
  int64_t count(int64_t e) const { return rows_.offsets[e + 1] - rows_.offsets[e]; }

  Rows rows_;
  int64_t column_blocks_, group_ = 0, groups_ = 0, size_ = 0;
};

/// One tile whose only block has fewer than sixteen columns in y.
void ragged_tile(TileArgs a, int64_t rows, int64_t columns) {
  alignas(64) float y[kTileRows * kLanes] = {};
  alignas(64) float bias[kLanes] = {};
  const size_t bytes = static_cast<size_t>(columns) * sizeof(float);
  float* const target = a.y;
  const int64_t target_row = a.y_row;
  if (a.resume) {
    for (int64_t r = 0; r < rows; ++r) std::memcpy(y + r * kLanes, target + r * target_row, bytes);
  }
  if (a.bias != nullptr) {
    std::memcpy(bias, a.bias, bytes);
    a.bias = bias;
  }
  a.y = y;
  a.y_row = kLanes;
  find_tile<Walk::kRow>(rows, 1)(a);
  for (int64_t r = 0; r < rows; ++r) std::memcpy(target + r * target_row, y + r * kLanes, bytes);
}

/// y [rows, width] = x [rows, depth] · w, by tasks. `panel(args, task, block, blocks, k, depth)`
/// sets args.w and w_block to the weights of some column blocks and one piece of the summed index;
/// `piece` is the longest that it can give.
template <class MakePanel>
void product(const float* x, const Rows& rows, const float* bias, float* y, int64_t width,
             int64_t depth, bool accumulate, int64_t single_tile_piece, const MakePanel& make) {
  const Tasks tasks(rows, ceil_div(width, kLanes));
  const int64_t work = (rows.offsets[rows.experts] - rows.offsets[0]) * width * depth;
  const int64_t grain = work < kSerialWork ? tasks.size() : 1;
  parallel_for(tasks.size(), grain, [&](int64_t task_begin, int64_t task_end) {
    auto panel = make();
    for (int64_t t = task_begin; t < task_end; ++t) {
      const Tasks::Task task = tasks[t];
      const int64_t num_rows = task.row_end - task.row_begin;
      const int64_t height = even_piece(num_rows, kTileRows, 1);
      const int64_t piece =
          even_piece(depth, num_rows <= kTileRows ? single_tile_piece : kPiece, kLanes);
      TileArgs a;
      a.x_stride = depth;
      a.y_row = width;
      a.y_block = kLanes;
      for (int64_t k = 0; k == 0 || k < depth; k += piece) {
        a.depth = std::min(piece, depth - k);
        a.resume = accumulate || k > 0;
        const bool last = k + piece >= depth;
        for (int64_t block = task.block_begin; block < task.block_end;) {
          const int64_t columns = width - block * kLanes;
          int64_t blocks = tile_blocks(static_cast<int>(height));
          if (block + blocks > task.block_end || columns < blocks * kLanes) blocks = 1;
          panel(a, task.expert, block, blocks, k);
          a.bias = bias != nullptr && last ? bias + block * kLanes : nullptr;
          for (int64_t row = task.row_begin; row < task.row_end; row += height) {
            const int64_t n = std::min(height, task.row_end - row);
            a.x = x + row * depth + k;
            a.y = y + row * width + block * kLanes;
            if (columns < kLanes) {
              ragged_tile(a, n, columns);
            } else {
              find_tile<Walk::kRow>(n, blocks)(a);
            }
          }
          block += blocks;
        }
      }
    }
  });
}

/// `depth` rows of x, `columns` wide, as tiles of `height` columns for Walk::kPacked.
void pack_x(const float* x, int64_t stride, int64_t columns, int64_t height, int64_t depth,
            float* tiles) {
  for (int64_t k = 0; k < depth; ++k) {
    const float* const from = x + k * stride;
    for (int64_t i = 0; i < columns; i += height) {
      const int64_t n = std::min(height, columns - i);
      float* const to = tiles + i * depth + k * n;
      if (n == kTileRows) {
        std::memcpy(to, from + i, kTileRows * sizeof(float));
      } else {
        std::memcpy(to, from + i, static_cast<size_t>(n) * sizeof(float));
      }
    }
  }
}

/// Panels [blocks, depth, 16] from `depth` rows of dy, of which `columns` remain; lanes behind them
/// are zero.
void pack_dy(const float* dy, int64_t stride, int64_t columns, int64_t blocks, int64_t depth,
             float* panels) {
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t b = 0; b < blocks; ++b) {
      const float* const from = dy + k * stride + b * kLanes;
      const int64_t lanes = columns - b * kLanes;
      store(panels + (b * depth + k) * kLanes,
            lanes >= kLanes ? load(from) : load_partial(from, lanes));
    }
  }
}

}  // namespace

void multiply(const float* x, const float* weights, const float* bias, const Rows& rows, float* y,
              int64_t out, int64_t in) {
  const auto make = [&] {
    return [&](TileArgs& a, int64_t expert, int64_t block, int64_t, int64_t k) {
      a.w = weights + expert * packed_size(out, in) + (block * in + k) * kLanes;
      a.w_block = in * kLanes;
    };
  };
  // Weights that one tile of rows reads once need no place in a cache: no cut.
  product(x, rows, bias, y, out, in, false, std::max(in, kPiece), make);
}

void multiply_transposed(const float* dy, const float* weights, const Rows& rows, float* dx,
                         int64_t out, int64_t in, bool accumulate) {
  // The lanes of the stored weight run over `out`; here they must run over `in`: squares of 16 x 16
  // are turned into a panel as it is needed.
  const auto make = [&] {
    return [&, turned = Buffer<float>(4 * kPiece * kLanes)](
               TileArgs& a, int64_t expert, int64_t block, int64_t blocks, int64_t k) mutable {
      const float* w = weights + expert * packed_size(out, in) + k * in;
      const int64_t depth = round_up(a.depth, kLanes);
      a.w = turned.data();
      a.w_block = kPiece * kLanes;
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t i = (block + b) * kLanes;
        const int64_t lanes = std::min(kLanes, in - i);
        for (int64_t n = 0; n < depth; n += kLanes) {
          float* const to = turned.data() + b * a.w_block + n * kLanes;
          if (lanes == kLanes) {
            transpose16(w + n * in + i * kLanes, kLanes, to, kLanes);
          } else {
            std::memset(to, 0, kLanes * kLanes * sizeof(float));
            for (int64_t j = 0; j < lanes * kLanes; ++j) {
              to[j % kLanes * kLanes + j / kLanes] = w[n * in + i * kLanes + j];
            }
          }
        }
      }
    };
  };
  product(dy, rows, nullptr, dx, in, out, accumulate, kPiece, make);
}

void accumulate_outer(const float* dy, const float* x, const Rows& rows, float* dweights,
                      int64_t out, int64_t in) {
  const int64_t num_rows = rows.offsets[rows.experts] - rows.offsets[0];
  if (num_rows == 0 || out == 0 || in == 0) return;
  constexpr int64_t kBlocks = tile_blocks(kTileRows);
  const int64_t width = even_piece(in, kRowBlock, kTileRows);  // columns of x in one task
  const int64_t column_parts = ceil_div(in, width);
  const int64_t out_blocks = ceil_div(out, kLanes);
  const int64_t wanted =
      ceil_div(out_blocks * column_parts * rows.experts, 4 * int64_t{num_threads()});
  const int64_t group = std::min(round_up(wanted, kBlocks), kGroup);
  const int64_t tasks_per_expert = ceil_div(out_blocks, group) * column_parts;
  const int64_t tasks = rows.experts * tasks_per_expert;
  parallel_for(tasks, num_rows * out * in < kSerialWork ? tasks : 1, [&](int64_t from, int64_t to) {
    Buffer<float> x_tiles(kRowBlock * kPiece), panels(group * kPiece * kLanes);
    for (int64_t t = from; t < to; ++t) {
      const int64_t expert = t / tasks_per_expert;
      const int64_t first_block = t % tasks_per_expert / column_parts * group;
      const int64_t last_block = std::min(first_block + group, out_blocks);
      const int64_t i_begin = t % column_parts * width;
      const int64_t columns = std::min(width, in - i_begin);
      const int64_t height = even_piece(columns, kTileRows, 1);
      const int64_t end = rows.offsets[expert + 1];
      const int64_t piece = even_piece(end - rows.offsets[expert], kPiece, 1);
      TileArgs a;
      a.y_row = kLanes;
      a.y_block = in * kLanes;
      a.resume = true;
      for (int64_t row = rows.offsets[expert]; row < end; row += piece) {
        a.depth = std::min(piece, end - row);
        a.w_block = a.depth * kLanes;
        pack_x(x + row * in + i_begin, in, columns, height, a.depth, x_tiles.data());
        pack_dy(dy + row * out + first_block * kLanes, out, out - first_block * kLanes,
                last_block - first_block, a.depth, panels.data());
        for (int64_t block = first_block; block < last_block;) {
          const int64_t blocks = block + kBlocks <= last_block ? kBlocks : 1;
          a.w = panels.data() + (block - first_block) * a.w_block;
          float* const y =
              dweights + expert * packed_size(out, in) + (block * in + i_begin) * kLanes;
          for (int64_t i = 0; i < columns; i += height) {
            a.x = x_tiles.data() + i * a.depth;
            a.y = y + i * kLanes;
            find_tile<Walk::kPacked>(std::min(height, columns - i), blocks)(a);
          }
          block += blocks;
        }
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
