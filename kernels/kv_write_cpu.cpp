#include <cstring>

#include "kernels/attention.h"
#include "kernels/isa.h"
#include "kernels/parallel.h"

namespace grpo::kernels::cpu::GRPO_ISA {

void kv_write(const float* k, const float* v, const int64_t* slots, float* key_pages,
              float* value_pages, int64_t tokens, int64_t kv_heads, int64_t dim, int64_t v_dim) {
  parallel_for(tokens, kPageSize, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t page = slots[t] / kPageSize;
      const int64_t lane = slots[t] % kPageSize;
      for (int64_t h = 0; h < kv_heads; ++h) {
        const float* key = k + (t * kv_heads + h) * dim;
        float* key_page = key_pages + (page * kv_heads + h) * dim * kPageSize;
        for (int64_t d = 0; d < dim; ++d) key_page[d * kPageSize + lane] = key[d];
        std::memcpy(value_pages + ((page * kv_heads + h) * kPageSize + lane) * v_dim,
                    v + (t * kv_heads + h) * v_dim, static_cast<size_t>(v_dim) * sizeof(float));
      }
    }
  });
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
