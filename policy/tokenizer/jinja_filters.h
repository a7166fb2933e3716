#pragma once

#include <string_view>

#include "policy/tokenizer/jinja_arguments.h"

namespace grpo::policy::jinja {

/// What stands after `|`: `text | trim`, `tool | tojson(indent=2)`.
using Filter = Value (*)(const Value& subject, const Arguments& arguments, Budget& budget);

/// Jinja's filter of this name, or null where it is not supported. `tojson` is transformers':
/// json.dumps without escapes for HTML.
Filter find_filter(std::string_view name);

/// The two halves of the table: filters that make a text or number of one value, and those that
/// walk over many.
Filter find_scalar_filter(std::string_view name);
Filter find_sequence_filter(std::string_view name);

}  // namespace grpo::policy::jinja
