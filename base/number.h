#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grpo {

/// The shortest decimal form that reads back to the same bits as its own type; integral values keep
/// a ".0", so that a reader sees a floating-point number and -0.0 its sign. "inf", "-inf", "nan".
std::string number_text(double value);
std::string number_text(float value);

/// The double that `text` writes: digits with optional sign, point and exponent, all of the text.
/// Nothing for other texts ("inf", hexadecimal, a lone point) and for values too large or too
/// small.
std::optional<double> parse_number(std::string_view text);

}  // namespace grpo
