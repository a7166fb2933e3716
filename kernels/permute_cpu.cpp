#include <algorithm>
#include <cstring>

#include "kernels/isa.h"
#include "kernels/parallel.h"
#include "kernels/permute.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

int64_t row_grain(int64_t values_per_row) {
  return std::max<int64_t>(1, 16384 / std::max<int64_t>(values_per_row, 1));
}

}  // namespace

void expert_order(const int32_t* expert, int64_t tokens, int64_t top_k, int64_t experts,
                  int64_t* offsets, int32_t* row_of_slot, int32_t* token_of_row) {
  const int64_t slots = tokens * top_k;
  std::memset(offsets, 0, static_cast<size_t>(experts + 1) * sizeof(int64_t));
  for (int64_t slot = 0; slot < slots; ++slot) ++offsets[expert[slot] + 1];
  for (int64_t e = 0; e < experts; ++e) offsets[e + 1] += offsets[e];
  for (int64_t slot = 0; slot < slots; ++slot) {
    const int64_t row = offsets[expert[slot]]++;
    row_of_slot[slot] = static_cast<int32_t>(row);
    token_of_row[row] = static_cast<int32_t>(slot / top_k);
  }
  // Each offset has moved to the end of its expert, which is the next one's beginning.
  std::memmove(offsets + 1, offsets, static_cast<size_t>(experts) * sizeof(int64_t));
  offsets[0] = 0;
}

void gather_rows(const float* x, const int32_t* token_of_row, float* y, int64_t rows, int64_t dim) {
  parallel_for(rows, row_grain(dim), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      std::memcpy(y + r * dim, x + token_of_row[r] * dim, static_cast<size_t>(dim) * sizeof(float));
    }
  });
}

void combine_rows(const float* x, const int32_t* row_of_slot, const float* weight, float* y,
                  int64_t tokens, int64_t top_k, int64_t dim, bool accumulate) {
  parallel_for(tokens, row_grain(top_k * dim), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      float* out = y + t * dim;
      for (int64_t j = 0; j < dim; j += kLanes) {
        const int64_t lanes = std::min(kLanes, dim - j);
        v16 sum = accumulate ? load_lanes(out + j, lanes) : broadcast(0.0f);
        for (int64_t slot = t * top_k; slot < (t + 1) * top_k; ++slot) {
          const v16 factor = broadcast(weight != nullptr ? weight[slot] : 1.0f);
          sum = fma(factor, load_lanes(x + row_of_slot[slot] * dim + j, lanes), sum);
        }
        store_lanes(out + j, sum, lanes);
      }
    }
  });
}

void combine_rows_backward(const float* dy, const float* x, const int32_t* row_of_slot,
                           const float* weight, float* dx, float* dweight, int64_t tokens,
                           int64_t top_k, int64_t dim) {
  parallel_for(tokens, row_grain(top_k * dim), [&](int64_t begin, int64_t end) {
    for (int64_t slot = begin * top_k; slot < end * top_k; ++slot) {
      const float* dy_row = dy + slot / top_k * dim;
      const int64_t row = row_of_slot[slot] * dim;
      const v16 factor = broadcast(weight[slot]);
      v16 dot = broadcast(0.0f);
      for (int64_t j = 0; j < dim; j += kLanes) {
        const int64_t lanes = std::min(kLanes, dim - j);
        const v16 d = load_lanes(dy_row + j, lanes);
        dot = fma(load_lanes(x + row + j, lanes), d, dot);
        store_lanes(dx + row + j, factor * d, lanes);
      }
      dweight[slot] = reduce_add(dot);
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
