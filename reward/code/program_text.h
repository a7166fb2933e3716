#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grpo::reward::code {

/// The program within a model's answer: the inside of the last block between lines that begin with
/// three or more backticks or tildes. Nothing if there is none or the last one is not closed: an
/// answer cut in the middle holds half a program.
std::optional<std::string> last_fenced_block(std::string_view response);

}  // namespace grpo::reward::code
