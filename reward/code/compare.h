#pragma once

#include <string_view>

#include "reward/code/tests.h"

namespace grpo::reward::code {

/// Whether a program's output is what a test expects.
bool same_output(std::string_view output, std::string_view expected, const Compare& compare);

}  // namespace grpo::reward::code
