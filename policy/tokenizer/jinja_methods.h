#pragma once

#include <string_view>

#include "policy/tokenizer/jinja_arguments.h"

namespace grpo::policy::jinja {

/// Calls a method of a str, a dict or `loop`. Fails for those that are not supported, as for all
/// that would change a list or dict (the sandbox forbids them).
Value call_method(const Method& method, const Arguments& arguments, Budget& budget);

/// Charges what replacing `from` by `to` will make, before it is made.
void spend_replacement(std::string_view text, std::string_view from, std::string_view to,
                       Budget& budget);

}  // namespace grpo::policy::jinja
