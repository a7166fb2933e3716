#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace grpo::policy {

/// A named tensor of the decoder. Matrices are held in the kernels' packed form (kernels/matmul.h),
/// one after the other for stacked experts; files and `read_plain` speak of plain rows.
struct Parameter {
  std::string name;            ///< own name, weights/hf_names.h; stacked experts: "...experts.gate"
  std::vector<int64_t> shape;  ///< [dim], [out, in] or [experts, out, in]
  Tensor value;                ///< float32; [dim] or [(experts,) packed_size(out, in)]

  bool is_matrix() const { return shape.size() >= 2; }
  int64_t out() const { return shape[shape.size() - 2]; }
  int64_t in() const { return shape.back(); }
  int64_t experts() const { return shape.size() == 3 ? shape[0] : 1; }
  int64_t num_elements() const;  ///< without padding

  /// Float32 rows [begin, end) of matrix `expert` (or elements of a vector) in plain order.
  void read_plain(int64_t expert, int64_t begin, int64_t end, float* rows,
                  const Tensor& of = {}) const;
  /// The reverse. `of` replaces `value` by a tensor of the same form (an optimiser's moment).
  void write_plain(int64_t expert, int64_t begin, int64_t end, const float* rows,
                   const Tensor& of = {}) const;
};

/// A parameter's `[rows, dim]` names for linear layers: what ops::linear takes.
struct Weight {
  Tensor value;  ///< packed
  int64_t out = 0;
  int64_t in = 0;
};

}  // namespace grpo::policy
