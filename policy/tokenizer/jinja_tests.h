#pragma once

#include <string_view>

#include "policy/tokenizer/jinja_arguments.h"

namespace grpo::policy::jinja {

/// What stands after `is`: `x is defined`, `n is divisibleby(3)`.
using Test = bool (*)(const Value& subject, const Arguments& arguments, Budget& budget);

/// Jinja's test of this name, or null where it is not supported.
Test find_test(std::string_view name);

}  // namespace grpo::policy::jinja
