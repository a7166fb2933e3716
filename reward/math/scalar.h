#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reward/math/evaluate.h"
#include "reward/math/expression.h"

namespace grpo::reward::math {

/// Equality is three-valued: what cannot be decided is never paid as correct.
enum class Equality { equal, different, undecided };

/// How strictly answers are compared.
struct MathOptions {
  int64_t precision = 6;                // decimals to which approximations are compared
  std::optional<double> tolerance;      // absolute error allowed, instead of `precision`
  std::optional<double> tolerance_rel;  // relative error allowed, instead of `precision`
  bool strict = true;                   // false: the names of variables may differ
  bool condition_is_set = true;  // false: for the reference [0, 1] "0 <= x <= 1" is not taken
  int64_t timeout_ms = 5000;
};

struct Comparison {
  Equality equality = Equality::different;
  std::string reason;  // the tier that decided: text, number, exact, ball, points, structure, limit
};

/// Equality of two single values (is_scalar). Tiers, the first that decides:
///   exact      both rational: compared exactly
///   ball       closed forms: disjoint balls prove inequality
///   identity   one normal form (identity.h): proof of equality, with or without symbols
///   algebraic  balls closer than two different algebraic numbers of this size and degree can be
///              (separation.h): proof of equality
///   ball       for the rest of closed forms, balls that overlap at kMaxPrecision bits are taken as
///              equal: evidence, not proof
///   points     free symbols: one point with disjoint balls proves inequality; agreement at fixed
///              seeded points of either sign is evidence of equality; fewer than kMinPoints points
///              with a value: undecided
/// When either side was written with a decimal point, it is an approximation: |a - b| <= 0.5 *
/// 10^-precision and <= 10^-(precision - 2) of the larger magnitude counts as equal.
Comparison compare_scalars(const Expression& a, const Expression& b, const MathOptions& options,
                           Budget& budget);

inline constexpr slong kMaxPrecision = 2048;
inline constexpr int kNumPoints = 8;
inline constexpr int kMinPoints = 3;

/// Value of a symbol at a point: fixed for (name, point); positive at the even points.
Rational point_value(const std::string& name, int point);
Bindings bindings_at(const std::vector<std::string>& names, int point);
/// The same with integers from 3 to 26.
Bindings integers_at(const std::vector<std::string>& names, int point);

/// Whether f = c g for a constant c other than 0; with `positive`, c > 0. By points, as above.
Equality proportional(const Expression& f, const Expression& g, bool positive, Budget& budget);

}  // namespace grpo::reward::math
