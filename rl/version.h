#pragma once

namespace grpo::rl {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace grpo::rl
