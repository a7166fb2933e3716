#pragma once

#include <optional>
#include <span>
#include <vector>

#include "policy/model_config.h"

namespace grpo::policy {

/// What GGUF has for llama3 scaling, rope_freqs.weight: the numbers [rotary_dim / 2] by which the
/// frequencies theta^(-2i / rotary_dim) are divided. Source: llama.cpp, conversion/llama.py.
std::vector<double> llama3_factors(const RopeConfig& rope);

/// The llama3 scaling that has these factors, theta and rotary_dim being `rope`'s: its `factor`,
/// `original_context`, `low_freq_factor` and `high_freq_factor`. Only ratios of the last three can
/// be told from factors; low_freq_factor is 1, as in every release of Llama 3. Nothing when no such
/// scaling has them, to float32's precision.
std::optional<RopeConfig> find_llama3(const RopeConfig& rope);

}  // namespace grpo::policy
