#pragma once

#include <optional>
#include <vector>

#include "reward/math/expression.h"
#include "reward/math/scalar.h"

namespace grpo::reward::math {

/// One piece of a set of real numbers. An infinite end has no value and is open; a point is
/// [a, a].
struct Piece {
  Ref low, high;  // null: infinite
  bool low_open = true;
  bool high_open = true;
};

/// A set of reals as its pieces: sorted, disjoint, and none could be joined with the next.
using RealSet = std::vector<Piece>;

/// Whether `e` says a set of reals by its form: an interval, a union, intersection or difference,
/// R, an inequality with a symbol alone on one side (or between), |x - c| < r, x != a, or a list of
/// those.
bool says_real_set(const Expression& e);

/// The set that `e` says; besides the forms above pairs, as open intervals, and sets and lists of
/// numbers. Conditions in a list are alternatives; but when together they exclude nothing, they
/// hold at once: "x > 0 and x < 1". Nothing when an end has free symbols, the order of two ends is
/// not decided or the wrong one, conditions are about several symbols, and for more than 200
/// pieces.
std::optional<RealSet> real_set(const Expression& e, Budget& budget);

/// The symbol that the conditions in `e` are about; empty when there are none.
std::string set_symbol(const Expression& e);

Equality compare_sets(const RealSet& a, const RealSet& b, const MathOptions& options,
                      Budget& budget);

}  // namespace grpo::reward::math
