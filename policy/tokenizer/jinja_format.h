#pragma once

#include <string>

#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy::jinja {

/// Python's str(value): what `{{ value }}` prints. Fails for what prints an address.
std::string to_text(const Value& value, Budget& budget);

/// Python's repr(value): how a value stands inside a printed list or dict.
std::string repr(const Value& value, Budget& budget);

/// Python's repr(float): the shortest digits, an exponent below 1e-4 and from 1e16.
std::string format_double(double value);

/// Arguments of json.dumps. `newline_indent`: one level's indentation, or nothing for one line.
struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> newline_indent;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// Python's json.dumps, keys in their own order. Fails for what JSON does not know.
std::string to_json(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace grpo::policy::jinja
