#include <algorithm>
#include <cmath>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/rms_norm.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

/// Rows per task: about 16k values, enough to be worth waking a thread.
int64_t row_grain(int64_t dim) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(dim, 1)); }

/// Sum of term(column, lanes) over the columns; lane i takes columns i, i + 16, ... in order.
template <class Term>
float sum_columns(int64_t dim, Term term) {
  v16 sum = broadcast(0.0f);
  for (int64_t j = 0; j < dim; j += kLanes) sum = term(j, std::min(kLanes, dim - j), sum);
  return reduce_add(sum);
}

}  // namespace

void rms_norm_forward(const float* x, const float* weight, float* y, float* inv_rms, int64_t rows,
                      int64_t dim, float eps) {
  parallel_for(rows, row_grain(dim), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* row = x + r * dim;
      const float squares = sum_columns(dim, [&](int64_t j, int64_t count, v16 sum) {
        const v16 value = load_lanes(row + j, count);
        return fma(value, value, sum);
      });
      const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(dim) + eps);
      for (int64_t j = 0; j < dim; ++j) y[r * dim + j] = row[j] * inverse * weight[j];
      if (inv_rms != nullptr) inv_rms[r] = inverse;
    }
  });
}

// With n = x * inv: dx = inv * (dy * weight - n * mean(dy * weight * n)), dweight = sum dy * n.
void rms_norm_backward(const float* dy, const float* x, const float* weight, const float* inv_rms,
                       float* dx, float* dweight, int64_t rows, int64_t dim) {
  parallel_for(rows, row_grain(dim), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      const float* x_row = x + r * dim;
      const float* dy_row = dy + r * dim;
      const float inverse = inv_rms[r];
      const float dot = sum_columns(dim, [&](int64_t j, int64_t count, v16 sum) {
        const v16 scaled = load_lanes(dy_row + j, count) * load_lanes(weight + j, count);
        return fma(scaled, load_lanes(x_row + j, count) * broadcast(inverse), sum);
      });
      const float mean = dot / static_cast<float>(dim);
      for (int64_t j = 0; j < dim; ++j) {
        dx[r * dim + j] = inverse * (dy_row[j] * weight[j] - x_row[j] * inverse * mean);
      }
    }
  });
  // By columns, so that each sum runs over the rows in order whatever the number of threads.
  constexpr int64_t kColumns = 4 * kLanes;
  parallel_for((dim + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kColumns;
    const int64_t last = std::min(dim, end * kColumns);
    for (int64_t r = 0; r < rows; ++r) {
      const float inverse = inv_rms[r];
      for (int64_t j = first; j < last; ++j) {
        dweight[j] += dy[r * dim + j] * (x[r * dim + j] * inverse);
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
