#include <algorithm>

#include "kernels/embedding.h"
#include "kernels/isa.h"
#include "kernels/matmul.h"
#include "kernels/parallel.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

/// Element (id, 0) of a packed table; element (id, i) stands kPackWidth * i behind.
int64_t row_start(int64_t id, int64_t dim) {
  return id / kPackWidth * dim * kPackWidth + id % kPackWidth;
}

}  // namespace

void embedding_forward(const float* table, const int32_t* ids, float factor, float* y,
                       int64_t tokens, int64_t dim) {
  parallel_for(tokens, 8, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const float* row = table + row_start(ids[t], dim);
      for (int64_t i = 0; i < dim; ++i) y[t * dim + i] = factor * row[i * kPackWidth];
    }
  });
}

void embedding_backward(const float* dy, const int32_t* ids, float factor, float* dtable,
                        int64_t tokens, int64_t dim) {
  // Threads share the columns, not the tokens: an id may come twice.
  constexpr int64_t kColumns = 64;
  parallel_for((dim + kColumns - 1) / kColumns, 1, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(end * kColumns, dim);
    for (int64_t t = 0; t < tokens; ++t) {
      float* row = dtable + row_start(ids[t], dim);
      for (int64_t i = begin * kColumns; i < last; ++i) {
        row[i * kPackWidth] += factor * dy[t * dim + i];
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
