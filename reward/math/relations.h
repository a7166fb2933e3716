#pragma once

#include <optional>

#include "reward/math/expression.h"
#include "reward/math/scalar.h"

namespace grpo::reward::math {

/// Whether a tree only names something: x, x_1, f(x), V_1 : V_2, \Delta p.
bool is_name(const Expression& e);

/// What a relation says as a value: of name = … = value the last before ~, of a chain of closed
/// forms the last, of x in S the set. Nothing for inequalities and equations in unknowns.
std::optional<Ref> value_of(const Expression& relation);

/// x > 5, 1 <= x < 3 as an interval over the symbol; nothing for others.
std::optional<Ref> as_interval(const Expression& relation);

/// Equations and inequalities against each other.
Comparison compare_relations(const Expression& a, const Expression& b, const MathOptions& options,
                             Budget& budget);

}  // namespace grpo::reward::math
