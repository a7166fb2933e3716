#pragma once

#include <string_view>

#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy::jinja {

/// Python's binary operators + - * / // % **. Integers that do not fit 64 bits are an error, and
/// so is the % of texts (printf formatting).
Value binary(std::string_view op, const Value& left, const Value& right, Budget& budget);
Value negate(const Value& value);
Value plus_sign(const Value& value);

/// Python's `needle in haystack`.
bool contains(const Value& haystack, const Value& needle, Budget& budget);
/// == != < <= > >= in "not in".
bool compare(std::string_view op, const Value& left, const Value& right, Budget& budget);

/// Jinja's `object.name`: an attribute of the Python object, then an item; else undefined.
Value get_attribute(const Value& object, const std::string& name, Budget& budget);
/// Jinja's `object[index]`: an item, then an attribute; else undefined.
Value get_item(const Value& object, const Value& index, Budget& budget);
/// Python's object[start:stop:step], None where absent.
Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step,
                Budget& budget);

/// Fails with the reason of an undefined value; returns otherwise.
void require_defined(const Value& value);

}  // namespace grpo::policy::jinja
