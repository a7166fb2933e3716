#include <cmath>
#include <cstring>

#include "kernels/attention.h"
#include "kernels/attention_tile.h"
#include "kernels/parallel.h"
#include "kernels/thread_scratch.h"
#include "kernels/work_list.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

/// The arguments of attention_forward, and where things lie in them.
struct Forward {
  const float* q;
  const float* key_pages;
  const float* value_pages;
  AttentionShape shape;
  float* out;
  float* log_sum;

  int64_t group() const { return shape.heads / shape.kv_heads; }

  /// Row `row` of a run: query row / group, head row % group of the kv head's group. Index into
  /// [queries, heads].
  int64_t head_index(const AttentionRun& run, int64_t kv_head, int64_t row) const {
    return (run.query_begin + row / group()) * shape.heads + kv_head * group() + row % group();
  }

  const float* keys(int64_t page, int64_t kv_head) const {
    return key_pages + (page * shape.kv_heads + kv_head) * shape.dim * kPageSize;
  }

  const float* values(int64_t page, int64_t kv_head) const {
    return value_pages + (page * shape.kv_heads + kv_head) * kPageSize * shape.v_dim;
  }
};

struct Softmax {
  float max, sum;
};

/// Scores to exp(score - max) in place, masked keys to zero. scores: every `stride` floats a page,
/// the first of which begins at `key`.
Softmax softmax(float* scores, int64_t num_pages, int64_t stride, int64_t key,
                const Visible& visible) {
  const v16 masked = broadcast(-std::numeric_limits<float>::infinity());
  v16 max_lanes = masked;
  for (int64_t p = 0; p < num_pages; ++p) {
    v16 s = load(scores + p * stride);
    if (!visible.whole_page(key + p * kPageSize)) {
      s = visible.select(key + p * kPageSize, s, masked);
      store(scores + p * stride, s);
    }
    max_lanes = max(max_lanes, s);
  }
  const float row_max = reduce_max(max_lanes);
  v16 sum = broadcast(0.0f);
  for (int64_t p = 0; p < num_pages; ++p) {
    const v16 e = exp(load(scores + p * stride) - broadcast(row_max));
    store(scores + p * stride, e);
    sum = sum + e;
  }
  return {row_max, reduce_add(sum)};
}

/// out[r][column ...] = sum over keys of scores * values, times inverse[r].
template <int R, int C>
void weigh_values(const Forward& f, const AttentionRun& run, int64_t kv_head, int64_t first_row,
                  int64_t rows, int64_t first_page, int64_t num_pages, const float* scores,
                  const float* inverse, int64_t column) {
  const int64_t v_dim = f.shape.v_dim;
  v16 sum[R][C];
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) sum[r][c] = broadcast(0.0f);
  }
  for (int64_t p = 0; p < num_pages; ++p) {
    const float* values = f.values(run.pages[first_page + p], kv_head) + column;
    accumulate<kPageSize, 1>(sum, scores + p * R * kPageSize, values, v_dim, kPageSize);
  }
  for (int r = 0; r < R; ++r) {
    if (r >= rows) break;
    float* out = f.out + f.head_index(run, kv_head, first_row + r) * v_dim + column;
    for (int c = 0; c < C; ++c) {
      // + 0 turns -0 into +0: a masked key adds +0, so the sign of zero would tell the tile's size.
      store(out + c * kLanes, sum[r][c] * broadcast(inverse[r]) + broadcast(0.0f));
    }
  }
}

/// The same for the columns of a value narrower than a vector.
template <int R>
void weigh_narrow_values(const Forward& f, const AttentionRun& run, int64_t kv_head,
                         int64_t first_row, int64_t rows, int64_t first_page, int64_t num_pages,
                         const float* scores, const float* inverse) {
  const int64_t v_dim = f.shape.v_dim;
  for (int64_t r = 0; r < rows; ++r) {
    v16 sum = broadcast(0.0f);
    for (int64_t p = 0; p < num_pages; ++p) {
      const float* values = f.values(run.pages[first_page + p], kv_head);
      for (int64_t j = 0; j < kPageSize; ++j) {
        const v16 factor = broadcast(scores[(p * R + r) * kPageSize + j]);
        sum = fma(factor, load_partial(values + j * v_dim, v_dim), sum);
      }
    }
    store_partial(f.out + f.head_index(run, kv_head, first_row + r) * v_dim,
                  sum * broadcast(inverse[r]) + broadcast(0.0f), v_dim);
  }
}

/// Rows [first_row, first_row + rows) of one run and kv head; rows <= R.
template <int R>
void attend(const Forward& f, const AttentionRun& run, int64_t kv_head, int64_t first_row,
            int64_t rows) {
  const auto& [heads, kv_heads, dim, v_dim, scale, window] = f.shape;
  const int64_t first_position = run.position + first_row / f.group();
  const int64_t last_position = run.position + (first_row + rows - 1) / f.group();
  const int64_t first_page = Visible(first_position, window).first / kPageSize;
  const int64_t num_pages = last_position / kPageSize + 1 - first_page;

  float* packed = thread_scratch(R * (dim + num_pages * kPageSize));  // [dim][R]
  float* scores = packed + R * dim;                                   // [pages][R][16]
  if (rows < R) std::memset(packed, 0, static_cast<size_t>(R * dim) * sizeof(float));
  for (int64_t r = 0; r < rows; ++r) {
    pack_row<R>(f.q + f.head_index(run, kv_head, first_row + r) * dim, dim, r, packed);
  }
  score_tile<R>(
      packed, [&](int64_t p) { return f.keys(run.pages[first_page + p], kv_head); }, num_pages, dim,
      scale, scores, R * kPageSize);

  float inverse[R] = {};
  for (int64_t r = 0; r < rows; ++r) {
    const Visible visible(run.position + (first_row + r) / f.group(), window);
    const Softmax s =
        softmax(scores + r * kPageSize, num_pages, R * kPageSize, first_page * kPageSize, visible);
    inverse[r] = 1.0f / s.sum;
    if (f.log_sum != nullptr) {
      f.log_sum[f.head_index(run, kv_head, first_row + r)] =
          static_cast<float>(s.max + std::log(static_cast<double>(s.sum)));
    }
  }

  const auto weigh = [&]<int C>(int64_t column) {
    weigh_values<R, C>(f, run, kv_head, first_row, rows, first_page, num_pages, scores, inverse,
                       column);
  };
  if (v_dim < kLanes) {
    weigh_narrow_values<R>(f, run, kv_head, first_row, rows, first_page, num_pages, scores,
                           inverse);
    return;
  }
  constexpr int kWidth = std::min(tile_width(R), 4);
  int64_t column = 0;
  for (; column + kWidth * kLanes <= v_dim; column += kWidth * kLanes) {
    weigh.template operator()<kWidth>(column);
  }
  for (; column + kLanes <= v_dim; column += kLanes) weigh.template operator()<1>(column);
  // The last columns together with some that are done: they get the same bits again.
  if (column < v_dim) weigh.template operator()<1>(v_dim - kLanes);
}

/// The smallest register tile that holds `rows`.
void attend_rows(const Forward& f, const AttentionRun& run, int64_t kv_head, int64_t first_row,
                 int64_t rows) {
  if (rows == 1) {
    attend<1>(f, run, kv_head, first_row, rows);
  } else if (rows == 2) {
    attend<2>(f, run, kv_head, first_row, rows);
  } else if (rows == 3) {
    attend<3>(f, run, kv_head, first_row, rows);
  } else if (rows == 4 || kQueryRows == 4) {
    attend<4>(f, run, kv_head, first_row, rows);
  } else if (rows <= 6) {
    attend<std::min(6, kQueryRows)>(f, run, kv_head, first_row, rows);
  } else if (rows <= 8) {
    attend<std::min(8, kQueryRows)>(f, run, kv_head, first_row, rows);
  } else {
    attend<kQueryRows>(f, run, kv_head, first_row, rows);
  }
}

}  // namespace

void attention_forward(const float* q, const float* key_pages, const float* value_pages,
                       const AttentionRun* runs, int64_t num_runs, const AttentionShape& shape,
                       float* out, float* log_sum) {
  const Forward f{q, key_pages, value_pages, shape, out, log_sum};
  WorkList work;
  const auto num_tiles = [&](const AttentionRun& run) {
    return (run.query_count * f.group() + kQueryRows - 1) / kQueryRows;
  };
  for (int64_t i = 0; i < num_runs; ++i) work.add_group(num_tiles(runs[i]) * shape.kv_heads);
  parallel_for(work.size(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto [index, item] = work.item(i);
      const AttentionRun& run = runs[index];
      const int64_t tiles = num_tiles(run);
      // The last tile first: it sees the most keys, and long work late leaves threads idle.
      const int64_t first_row = (tiles - 1 - item % tiles) * kQueryRows;
      const int64_t rows = std::min<int64_t>(kQueryRows, run.query_count * f.group() - first_row);
      attend_rows(f, run, item / tiles, first_row, rows);
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
