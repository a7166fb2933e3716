#pragma once

#include <cstdint>
#include <vector>

#include "policy/model_config.h"

namespace grpo::policy {

/// Inverse frequencies [rotary_dim / 2] after scaling, float32 as transformers keeps them; of
/// longrope those of its original context (ModelConfig::context_limit).
/// Source: transformers' modeling_rope_utils (linear, llama3, yarn, longrope); YaRN, arXiv
/// 2309.00071.
std::vector<float> rope_frequencies(const RopeConfig& rope);

/// cos and sin of position * frequency, grown on demand.
class RopeTables {
 public:
  explicit RopeTables(RopeConfig rope) : rope_(std::move(rope)) {}

  /// Makes positions 0 .. count - 1 ready; pointers from before are invalid afterwards. Throws
  /// Error beyond longrope's original context.
  void ensure(int64_t count);

  const float* cos() const { return cos_.data(); }  ///< [positions, rotary_dim / 2]
  const float* sin() const { return sin_.data(); }
  const RopeConfig& config() const { return rope_; }

 private:
  RopeConfig rope_;
  std::vector<float> cos_, sin_;
  int64_t count_ = 0;
};

}  // namespace grpo::policy
