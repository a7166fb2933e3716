#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace grpo::reward::code {

/// Whether 1, 1.0 and True are different values, or equal as Python's == has it.
enum class NumberTypes { strict, python };

/// A value of plain Python data in the tagged JSON of reward/code/python/plain.py, written by a
/// process that runs a candidate, as a text that is the same for equal values: the comparison of
/// the tests: strict by type (True is not 1, 3.0 is not 3) unless asked for otherwise, but a tuple
/// equals the list with the same items. Order of sets and dicts does not count, -0.0 equals 0.0.
///
/// Nothing for what equals nothing: NaN anywhere inside, iterators, names of types; and for what is
/// no such value: unknown tags, wrong shapes, deeper than 100, more than 200,000 parts.
std::optional<std::string> canonical_value(const Json& value,
                                           NumberTypes types = NumberTypes::strict);

}  // namespace grpo::reward::code
