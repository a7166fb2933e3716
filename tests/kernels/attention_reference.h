#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/attention.h"
#include "tests/kernels/kernel_testing.h"

/// Attention written plainly in double precision, and a paged cache of one sequence in random page
/// order, for the tests of forward and backward.
namespace grpo::kernels {

struct AttentionCase {
  int64_t tokens, heads, kv_heads, dim, v_dim, window;

  AttentionShape shape() const {
    AttentionShape s;
    s.heads = heads;
    s.kv_heads = kv_heads;
    s.dim = dim;
    s.v_dim = v_dim;
    s.scale = 1.7f / std::sqrt(static_cast<float>(dim));
    s.window = window;
    return s;
  }
};

/// Plain, grouped, wide and narrow heads, with and without a window, around the edges of a page.
inline const AttentionCase kAttentionCases[] = {
    {1, 1, 1, 16, 16, 0},    {17, 1, 1, 3, 5, 0},     {48, 9, 3, 64, 64, 0}, {65, 4, 4, 24, 40, 0},
    {33, 2, 2, 192, 128, 0}, {50, 14, 2, 80, 80, 0},  {70, 4, 2, 16, 24, 5}, {90, 5, 1, 20, 33, 16},
    {80, 8, 1, 32, 48, 33},  {20, 7, 1, 16, 80, 100}, {31, 2, 1, 8, 16, 1}};

struct AttentionInputs {
  explicit AttentionInputs(const AttentionCase& c)
      : q(random_floats(c.tokens * c.heads * c.dim, 11, 2.0f)),
        k(random_floats(c.tokens * c.kv_heads * c.dim, 12, 2.0f)),
        v(random_floats(c.tokens * c.kv_heads * c.v_dim, 13)),
        rows(static_cast<size_t>(c.tokens * c.heads)),
        v_dim(static_cast<size_t>(c.v_dim)) {}

  /// of out and log_sum, one behind the other
  size_t out_size() const { return rows * v_dim + rows; }

  std::vector<float> q, k, v;
  size_t rows, v_dim;
};

inline std::vector<double> wide(const std::vector<float>& x) { return {x.begin(), x.end()}; }

/// out [tokens, heads, v_dim] of one sequence; log_sum [tokens, heads] unless null.
inline std::vector<double> attention_reference(const AttentionCase& c, const std::vector<double>& q,
                                               const std::vector<double>& k,
                                               const std::vector<double>& v,
                                               std::vector<double>* log_sum = nullptr) {
  const double scale = c.shape().scale;
  std::vector<double> out(static_cast<size_t>(c.tokens * c.heads * c.v_dim), 0.0);
  for (int64_t t = 0; t < c.tokens; ++t) {
    const int64_t first = c.window > 0 ? std::max<int64_t>(0, t - c.window + 1) : 0;
    for (int64_t h = 0; h < c.heads; ++h) {
      const int64_t g = h / (c.heads / c.kv_heads);
      std::vector<double> score;
      for (int64_t j = first; j <= t; ++j) {
        double dot = 0.0;
        for (int64_t d = 0; d < c.dim; ++d) {
          dot += q[(t * c.heads + h) * c.dim + d] * k[(j * c.kv_heads + g) * c.dim + d];
        }
        score.push_back(dot * scale);
      }
      const double max = *std::max_element(score.begin(), score.end());
      double sum = 0.0;
      for (double& s : score) sum += s = std::exp(s - max);
      if (log_sum != nullptr) log_sum->push_back(max + std::log(sum));
      for (int64_t j = first; j <= t; ++j) {
        for (int64_t d = 0; d < c.v_dim; ++d) {
          out[(t * c.heads + h) * c.v_dim + d] +=
              score[j - first] / sum * v[(j * c.kv_heads + g) * c.v_dim + d];
        }
      }
    }
  }
  return out;
}

/// The keys and values of one sequence on pages in an order drawn by `seed`; the slots that hold no
/// token are filled with large numbers.
class PagedCache {
 public:
  PagedCache(const AttentionCase& c, const AttentionInputs& in, uint32_t seed)
      : case_(c), table_(static_cast<size_t>((c.tokens + kPageSize - 1) / kPageSize)) {
    const auto num_pages = static_cast<int64_t>(table_.size()) + 3;
    std::vector<int32_t> order(static_cast<size_t>(num_pages));
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
    std::shuffle(order.begin(), order.end(), std::mt19937(seed));
    std::copy_n(order.begin(), table_.size(), table_.begin());
    key_pages_ = random_floats(num_pages * c.kv_heads * c.dim * kPageSize, seed, 1e6f);
    value_pages_ = random_floats(num_pages * c.kv_heads * c.v_dim * kPageSize, seed, 1e6f);
    write(in);
  }

  void write(const AttentionInputs& in) {
    std::vector<int64_t> slots;
    for (int64_t t = 0; t < case_.tokens; ++t) {
      slots.push_back(table_[t / kPageSize] * kPageSize + t % kPageSize);
    }
    cpu::kv_write(in.k.data(), in.v.data(), slots.data(), key_pages_.data(), value_pages_.data(),
                  case_.tokens, case_.kv_heads, case_.dim, case_.v_dim);
  }

  AttentionRun run(int64_t first, int64_t count) const {
    return {first, count, first, table_.data()};
  }

  /// out and log_sum of the runs, into their places in `result`.
  void attend(const AttentionInputs& in, const AttentionRun* runs, int64_t num_runs,
              std::vector<float>& result) const {
    cpu::attention_forward(in.q.data(), key_pages_.data(), value_pages_.data(), runs, num_runs,
                           case_.shape(), result.data(), result.data() + in.rows * in.v_dim);
  }

  /// The sequence as one run.
  std::vector<float> whole(const AttentionInputs& in) const {
    std::vector<float> result(in.out_size());
    const AttentionRun all = run(0, case_.tokens);
    attend(in, &all, 1, result);
    return result;
  }

 private:
  AttentionCase case_;
  std::vector<int32_t> table_;
  std::vector<float> key_pages_, value_pages_;
};

}  // namespace grpo::kernels
