#pragma once

#include <span>
#include <string>

#include "datasets/demonstrations.h"
#include "datasets/problem.h"

namespace grpo::datasets {

/// Sixteen hexadecimal digits that tell whether rows are the same, in the same order: FNV-1a of 64
/// bits over every field, each after its length. Not a protection against intent.
std::string fingerprint(std::span<const Problem> problems);
std::string fingerprint(std::span<const Demonstration> demonstrations);

}  // namespace grpo::datasets
