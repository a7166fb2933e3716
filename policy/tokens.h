#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "kernels/attention.h"

namespace grpo::policy {

/// Whole sequences one behind the other, without pads: the learner's input.
struct PackedTokens {
  std::vector<int32_t> tokens;     ///< [tokens]
  std::vector<int32_t> positions;  ///< [tokens], from 0 in each sequence
  std::vector<int64_t> offsets;    ///< [sequences + 1]

  /// Appends one sequence at positions 0, 1, ...
  void append(std::span<const int32_t> sequence);
  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
};

/// Keys and values of all layers in pages of kernels::kPageSize tokens (layout:
/// kernels/attention.h). Owned by the engine; a sequence's pages are named by its page table.
struct KvPages {
  int64_t num_pages = 0;
  std::vector<Tensor> keys;    ///< [layers] of [pages, kv_heads, dim, 16]
  std::vector<Tensor> values;  ///< [layers] of [pages, kv_heads, 16, v_dim]
};

/// Tokens at the end of sequences whose earlier tokens stand in KvPages: the engine's input.
struct PagedTokens {
  std::vector<int32_t> tokens;     ///< [tokens]
  std::vector<int32_t> positions;  ///< [tokens]
  std::vector<int64_t> slots;      ///< [tokens]: page * 16 + position % 16
  std::vector<kernels::AttentionRun>
      runs;  ///< one per sequence; its page tables must outlive the call

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
};

}  // namespace grpo::policy
