#pragma once

#include <optional>
#include <string>
#include <vector>

namespace grpo::reward::code {

/// What a command of this machine prints on standard output; nothing if it cannot be run or fails.
/// The first word is looked up on PATH. Standard input and errors are /dev/null.
std::optional<std::string> output_of(const std::vector<std::string>& command);

}  // namespace grpo::reward::code
