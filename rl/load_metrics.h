#pragma once

#include <cstdint>
#include <vector>

#include "monitor/record.h"

namespace grpo::rl {

/// Sets moe/max_vio, the largest over layers of max load / mean load - 1 (DeepSeek's MaxVio, arXiv
/// 2408.15664), and moe/idle_experts, of one update. load: [MoE layers][experts] tokens; nothing is
/// set for a model without such layers.
void add_load_metrics(const std::vector<std::vector<int64_t>>& load, monitor::Record& record);

}  // namespace grpo::rl
