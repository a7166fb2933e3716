#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "reward/math/rational.h"

namespace grpo::reward::math {

/// A unit of measurement: powers of base units, and how many of those products it is. A metre is
/// {length: 1} x 1, a foot {length: 1} x 381/1250, km/h {length: 1, time: -1} x 5/18.
struct Unit {
  std::map<std::string, int> powers;  // base unit -> exponent, none 0
  Rational factor = Rational(1);

  bool same_kind(const Unit& other) const { return powers == other.powers; }
};

/// Reads "cm", "square feet", "m/s^2", "miles per hour", "$", "dollars per hour". Nothing when a
/// word is no unit of the table ("apples", "units"): such words say what was counted, and are left
/// out. Only units that mean one thing are in the table: no ton, no degree.
std::optional<Unit> parse_unit(std::string_view phrase);

/// N, J, W, V, C, K: units where they stand upright right behind a number.
bool is_si_letter(std::string_view letter);

/// A letter that is a unit where a unit is expected: m, s, g, h, L.
bool is_unit_letter(std::string_view letter);

/// $, €, £, ¥ as the lexer passes them on.
bool is_currency(std::string_view word);

}  // namespace grpo::reward::math
