#include "policy/parameter.h"

#include <ATen/core/Tensor.h>

#include <cstring>
#include <functional>
#include <numeric>

#include "kernels/matmul.h"

namespace grpo::policy {

int64_t Parameter::num_elements() const {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

void Parameter::read_plain(int64_t expert, int64_t begin, int64_t end, float* rows,
                           const Tensor& of) const {
  const float* data = (of.defined() ? of : value).const_data_ptr<float>();
  if (!is_matrix()) {
    std::memcpy(rows, data + begin, static_cast<size_t>(end - begin) * sizeof(float));
    return;
  }
  kernels::cpu::unpack_rows(data + expert * kernels::packed_size(out(), in()), rows, begin, end,
                            in());
}

void Parameter::write_plain(int64_t expert, int64_t begin, int64_t end, const float* rows,
                            const Tensor& of) const {
  float* data = (of.defined() ? of : value).data_ptr<float>();
  if (!is_matrix()) {
    std::memcpy(data + begin, rows, static_cast<size_t>(end - begin) * sizeof(float));
    return;
  }
  kernels::cpu::pack_rows(rows, data + expert * kernels::packed_size(out(), in()), begin, end,
                          in());
}

}  // namespace grpo::policy
