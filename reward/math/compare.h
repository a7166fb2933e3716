#pragma once

#include "reward/math/expression.h"
#include "reward/math/scalar.h"

namespace grpo::reward::math {

/// Do two parsed answers say the same? Beyond single values:
///   lists, sets      same size and a matching in any order; a list equals the set of its items
///   tuples           element by element in order; also against a set or list written in that order
///   intervals        ends and brackets; (a, b) is the open interval; unions in any order
///   inequalities     equal up to a positive factor and turning round; a < x < b is the interval
///   equations        equal up to a factor; "name = value" is its value against a bare value;
///                    of a chain a = b = c the last counts; what follows ~ is left out
///   x in S           S
///   a ± b            the two values
///   percent, degree  28% is 0.28, and the bare 28 when the other side has no sign of its own
///   bases            25_6 is 25_6, not 17: the spelling was asked for
///   words            case aside
/// Anything else of different shapes is different.
Comparison compare_trees(const Ref& gold, const Ref& answer, const MathOptions& options,
                         Budget& budget);

}  // namespace grpo::reward::math
