#pragma once

#include <optional>

#include "reward/math/evaluate.h"
#include "reward/math/expression.h"

namespace grpo::reward::math {

/// Proofs of equality by a normal form: both sides as fractions of polynomials over the rationals,
/// in atoms. Atoms are symbols, pi and e; i with i^2 = -1; p^{1/n} of a prime p with its n-th power
/// p; other roots with the radicand as their power; ln p; cos with cos^2 = 1 - sin^2; and functions
/// of equal normal forms. Sound wherever both sides have a value, but not complete:
/// \sin 2x = 2 \sin x \cos x is not seen. Work is bounded by size (polynomial.h).

/// Proven a = b.
bool is_identity(const Expression& a, const Expression& b, Budget& budget);

/// The rational c other than 0 with proven f = c g.
std::optional<Rational> proven_ratio(const Expression& f, const Expression& g, Budget& budget);

}  // namespace grpo::reward::math
