#pragma once

#include <cstddef>

namespace grpo::fuzz {

/// Bytes of the largest single allocation by operator new since the last call.
std::size_t take_largest_allocation();

}  // namespace grpo::fuzz
