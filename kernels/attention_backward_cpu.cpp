#include <cstring>
#include <utility>

#include "kernels/attention.h"
#include "kernels/attention_tile.h"
#include "kernels/parallel.h"
#include "kernels/thread_scratch.h"

// With P = softmax(scale q kᵀ), out = P v and delta = rowsum(dout * out) (FlashAttention, arXiv
// 2205.14135, appendix B):
//   dv = Pᵀ dout,  dS = P * (dout vᵀ - delta) * scale,  dq = dS k,  dk = dSᵀ q.
// Blocks of keys, and for each the blocks of rows that see it, so that all five products run in
// cache. A *row* is one head of one query: row i is query i / group, head i % group of the group.
namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

constexpr int64_t kBlockPages = 8;
constexpr int64_t kBlockKeys = kBlockPages * kPageSize;
constexpr int64_t kBlockRows = 48;
static_assert(kBlockRows % kQueryRows == 0);

// Register tile of the products that give a row per key.
#if defined(GRPO_ISA_avx512)
constexpr int kTileKeys = 8;
constexpr int kKeyWidth = 2;
#else
constexpr int kTileKeys = 4;
constexpr int kKeyWidth = 1;
#endif
static_assert(kPageSize % kTileKeys == 0);

int64_t padded(int64_t dim) { return (dim + kLanes - 1) / kLanes * kLanes; }

/// f.operator()<width>(column, lanes) over the columns of a row of `dim`: kWidth vectors at a time,
/// then single ones, of which the last may not be full.
template <int kWidth, class F>
void for_columns(int64_t dim, F f) {
  int64_t column = 0;
  for (; column + kWidth * kLanes <= dim; column += kWidth * kLanes) {
    f.template operator()<kWidth>(column, kLanes);
  }
  for (; column < dim; column += kLanes) {
    f.template operator()<1>(column, std::min(kLanes, dim - column));
  }
}

/// The backward pass of one sequence and one kv head: the arguments of attention_backward, and a
/// block of keys and a block of rows copied to the thread's scratch memory.
class HeadBackward {
 public:
  struct Arguments {
    const float *dout, *q, *k, *v, *out, *log_sum;
    AttentionShape shape;
    float *dq, *dk, *dv;
  };

  HeadBackward(const Arguments& a, int64_t first_token, int64_t tokens, int64_t kv_head)
      : a_(a),
        dim_(a.shape.dim),
        v_dim_(a.shape.v_dim),
        wide_dim_(padded(dim_)),
        wide_v_dim_(padded(v_dim_)),
        group_(a.shape.heads / a.shape.kv_heads),
        first_token_(first_token),
        tokens_(tokens),
        kv_head_(kv_head) {
    const int64_t size = padded(tokens * group_) + kBlockKeys * (3 * wide_dim_ + 2 * wide_v_dim_) +
                         kBlockRows * (2 * wide_dim_ + 2 * wide_v_dim_ + 2 * kBlockKeys);
    float* next = thread_scratch(size);
    // The padding must be zero; so must, once, what a short tile reads beyond its rows.
    std::memset(next, 0, static_cast<size_t>(size) * sizeof(float));
    const auto take = [&](int64_t count) { return std::exchange(next, next + count); };
    delta_ = take(padded(tokens * group_));
    key_pages_ = take(kBlockKeys * wide_dim_);
    keys_ = take(kBlockKeys * wide_dim_);
    dk_ = take(kBlockKeys * wide_dim_);
    value_pages_ = take(kBlockKeys * wide_v_dim_);
    dv_ = take(kBlockKeys * wide_v_dim_);
    q_ = take(kBlockRows * wide_dim_);
    q_tiles_ = take(kBlockRows * wide_dim_);
    dout_ = take(kBlockRows * wide_v_dim_);
    dout_tiles_ = take(kBlockRows * wide_v_dim_);
    p_ = take(kBlockRows * kBlockKeys);
    ds_ = take(kBlockRows * kBlockKeys);
  }

  void run() {
    start_rows();
    const int64_t window = a_.shape.window;
    for (int64_t key = 0; key < tokens_; key += kBlockKeys) {
      load_keys(key);
      const int64_t last_key = std::min(key + kBlockKeys, tokens_) - 1;
      const int64_t end = window > 0 ? std::min(tokens_, last_key + window) : tokens_;
      for (int64_t row = key * group_; row < end * group_; row += kBlockRows) {
        const int64_t rows = std::min(kBlockRows, end * group_ - row);
        load_rows(row, rows);
        // The pages that some row of the block sees.
        const int64_t first = Visible(row / group_, window).first;
        const int64_t last = std::min(last_key, (row + rows - 1) / group_);
        const int64_t page_begin = std::max<int64_t>(0, first - key) / kPageSize;
        const int64_t page_end = (last - key) / kPageSize + 1;
        score(row, rows, key, page_begin, page_end);
        add_to_keys(p_, dout_, wide_v_dim_, rows, page_begin, page_end, dv_);
        add_to_keys(ds_, q_, wide_dim_, rows, page_begin, page_end, dk_);
        add_to_queries(row, rows, page_begin, page_end);
      }
      store_keys(key);
    }
  }

 private:
  /// Index of a row into [tokens, heads], of a key into [tokens, kv_heads].
  int64_t row_index(int64_t row) const {
    return (first_token_ + row / group_) * a_.shape.heads + kv_head_ * group_ + row % group_;
  }
  int64_t key_index(int64_t key) const {
    return (first_token_ + key) * a_.shape.kv_heads + kv_head_;
  }

  /// delta of every row, and dq = 0.
  void start_rows() {
    for (int64_t r = 0; r < tokens_ * group_; ++r) {
      const float* dout = a_.dout + row_index(r) * v_dim_;
      const float* out = a_.out + row_index(r) * v_dim_;
      v16 sum = broadcast(0.0f);
      for (int64_t j = 0; j < v_dim_; j += kLanes) {
        const int64_t lanes = std::min(kLanes, v_dim_ - j);
        sum = fma(load_lanes(dout + j, lanes), load_lanes(out + j, lanes), sum);
      }
      delta_[r] = reduce_add(sum);
      std::memset(a_.dq + row_index(r) * dim_, 0, static_cast<size_t>(dim_) * sizeof(float));
    }
  }

  /// Copies a block of keys and values; dk = dv = 0. Keys beyond the sequence keep what they held:
  /// no row sees them.
  void load_keys(int64_t key) {
    const int64_t count = std::min(kBlockKeys, tokens_ - key);
    for (int64_t j = 0; j < count; ++j) {
      const int64_t page = j / kPageSize;
      const int64_t lane = j % kPageSize;
      const float* k = a_.k + key_index(key + j) * dim_;
      const float* v = a_.v + key_index(key + j) * v_dim_;
      std::memcpy(keys_ + j * wide_dim_, k, static_cast<size_t>(dim_) * sizeof(float));
      pack_row<kPageSize>(k, dim_, lane, key_pages_ + page * dim_ * kPageSize);
      pack_row<kPageSize>(v, v_dim_, lane, value_pages_ + page * v_dim_ * kPageSize);
    }
    std::memset(dk_, 0, static_cast<size_t>(kBlockKeys * wide_dim_) * sizeof(float));
    std::memset(dv_, 0, static_cast<size_t>(kBlockKeys * wide_v_dim_) * sizeof(float));
  }

  void store_keys(int64_t key) {
    const int64_t count = std::min(kBlockKeys, tokens_ - key);
    for (int64_t j = 0; j < count; ++j) {
      std::memcpy(a_.dk + key_index(key + j) * dim_, dk_ + j * wide_dim_,
                  static_cast<size_t>(dim_) * sizeof(float));
      std::memcpy(a_.dv + key_index(key + j) * v_dim_, dv_ + j * wide_v_dim_,
                  static_cast<size_t>(v_dim_) * sizeof(float));
    }
  }

  void load_rows(int64_t row, int64_t rows) {
    for (int64_t r = 0; r < rows; ++r) {
      const float* q = a_.q + row_index(row + r) * dim_;
      const float* dout = a_.dout + row_index(row + r) * v_dim_;
      std::memcpy(q_ + r * wide_dim_, q, static_cast<size_t>(dim_) * sizeof(float));
      std::memcpy(dout_ + r * wide_v_dim_, dout, static_cast<size_t>(v_dim_) * sizeof(float));
      const int64_t tile = r / kQueryRows * kQueryRows;
      pack_row<kQueryRows>(q, dim_, r - tile, q_tiles_ + tile * dim_);
      pack_row<kQueryRows>(dout, v_dim_, r - tile, dout_tiles_ + tile * v_dim_);
    }
  }

  /// P and dS of the block.
  void score(int64_t row, int64_t rows, int64_t key, int64_t page_begin, int64_t page_end) {
    constexpr int64_t kStride = kBlockRows * kPageSize;
    for (int64_t tile = 0; tile < rows; tile += kQueryRows) {
      const int64_t at = page_begin * kStride + tile * kPageSize;
      score_tile<kQueryRows>(
          q_tiles_ + tile * dim_,
          [&](int64_t p) { return key_pages_ + (page_begin + p) * dim_ * kPageSize; },
          page_end - page_begin, dim_, a_.shape.scale, p_ + at, kStride);
      score_tile<kQueryRows>(
          dout_tiles_ + tile * v_dim_,
          [&](int64_t p) { return value_pages_ + (page_begin + p) * v_dim_ * kPageSize; },
          page_end - page_begin, v_dim_, 1.0f, ds_ + at, kStride);
    }
    for (int64_t r = 0; r < rows; ++r) {
      const Visible visible((row + r) / group_, a_.shape.window);
      const v16 log_sum = broadcast(a_.log_sum[row_index(row + r)]);
      const v16 delta = broadcast(delta_[row + r]);
      for (int64_t page = page_begin; page < page_end; ++page) {
        const int64_t at = page * kStride + r * kPageSize;
        const int64_t first = key + page * kPageSize;
        v16 p = exp(load(p_ + at) - log_sum);
        if (!visible.whole_page(first)) p = visible.select(first, p, broadcast(0.0f));
        store(p_ + at, p);
        store(ds_ + at, p * (load(ds_ + at) - delta) * broadcast(a_.shape.scale));
      }
    }
  }

  /// sums[key] += weight[row, key] * x[row], rows in order.
  static void add_to_keys(const float* weight, const float* x, int64_t x_dim, int64_t rows,
                          int64_t page_begin, int64_t page_end, float* sums) {
    for (int64_t key = page_begin * kPageSize; key < page_end * kPageSize; key += kTileKeys) {
      const float* tile_weight =
          weight + key / kPageSize * kBlockRows * kPageSize + key % kPageSize;
      for_columns<kKeyWidth>(x_dim, [&]<int C>(int64_t column, int64_t) {
        v16 sum[kTileKeys][C];
        float* at = sums + key * x_dim + column;
        for (int j = 0; j < kTileKeys; ++j) {
          for (int c = 0; c < C; ++c) sum[j][c] = load(at + j * x_dim + c * kLanes);
        }
        accumulate<1, kPageSize>(sum, tile_weight, x + column, x_dim, rows);
        for (int j = 0; j < kTileKeys; ++j) {
          for (int c = 0; c < C; ++c) store(at + j * x_dim + c * kLanes, sum[j][c]);
        }
      });
    }
  }

  /// dq[row] += dS[row, key] * k[key], keys in order.
  void add_to_queries(int64_t row, int64_t rows, int64_t page_begin, int64_t page_end) {
    for (int64_t tile = 0; tile < rows; tile += kQueryRows) {
      float* dq[kQueryRows];
      for (int r = 0; r < kQueryRows; ++r) {
        const int64_t last = std::min(tile + r, rows - 1);  // rows beyond are not stored
        dq[r] = a_.dq + row_index(row + last) * dim_;
      }
      for_columns<tile_width(kQueryRows)>(dim_, [&]<int C>(int64_t column, int64_t lanes) {
        v16 sum[kQueryRows][C];
        for (int r = 0; r < kQueryRows; ++r) {
          for (int c = 0; c < C; ++c) sum[r][c] = load_lanes(dq[r] + column + c * kLanes, lanes);
        }
        for (int64_t page = page_begin; page < page_end; ++page) {
          accumulate<kPageSize, 1>(sum, ds_ + (page * kBlockRows + tile) * kPageSize,
                                   keys_ + page * kPageSize * wide_dim_ + column, wide_dim_,
                                   kPageSize);
        }
        for (int r = 0; r < kQueryRows && tile + r < rows; ++r) {
          for (int c = 0; c < C; ++c) {
            store_lanes(dq[r] + column + c * kLanes, sum[r][c], lanes);
          }
        }
      });
    }
  }

  const Arguments& a_;
  const int64_t dim_, v_dim_, wide_dim_, wide_v_dim_, group_;
  const int64_t first_token_, tokens_, kv_head_;

  float* delta_;                     // [rows of the head]
  float *key_pages_, *value_pages_;  // [pages][dim or v_dim][16]
  float *keys_, *dk_, *dv_;          // [keys][dim or v_dim, padded]
  float *q_, *dout_;                 // [rows][dim or v_dim, padded]
  float *q_tiles_, *dout_tiles_;     // [tiles][dim or v_dim][kQueryRows]
  float *p_, *ds_;                   // [pages][rows][16]
};

}  // namespace

void attention_backward(const float* dout, const float* q, const float* k, const float* v,
                        const float* out, const float* log_sum, const int64_t* offsets,
                        int64_t num_sequences, const AttentionShape& shape, float* dq, float* dk,
                        float* dv) {
  const HeadBackward::Arguments a{dout, q, k, v, out, log_sum, shape, dq, dk, dv};
  parallel_for(num_sequences * shape.kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t s = i / shape.kv_heads;
      HeadBackward(a, offsets[s], offsets[s + 1] - offsets[s], i % shape.kv_heads).run();
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
