#pragma once

namespace grpo::rl {

inline constexpr const char* kVersion = "0.1.0";

/// `git describe` of the sources that were built; "" where they were no checkout.
const char* commit();

}  // namespace grpo::rl
