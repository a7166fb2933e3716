#pragma once

#include <optional>

#include "reward/math/evaluate.h"
#include "reward/math/expression.h"

namespace grpo::reward::math {

/// How far from zero an algebraic number is when it is not zero: bits B such that a - b is 0 or
/// |a - b| > 2^-B. A ball of the difference inside that proves a = b. Nothing for what is not
/// built from integers by + - * / and roots, and sines, cosines and the like of rational multiples
/// of pi.
///
/// The bound of Burnikel, Funke, Mehlhorn, Schirra and Schmitt, "A separation bound for real
/// algebraic expressions" (ESA 2001): the number is U / L of algebraic integers, whose conjugates
/// are bounded by u and l, in a field of degree at most D, the product of the indices of its
/// distinct roots; the norm of U is at least 1, so |U / L| >= 1 / (u^{D-1} l). The argument does
/// not need the numbers to be real, nor a particular branch of a root.
std::optional<double> separation_bits(const Expression& a, const Expression& b, Budget& budget);

}  // namespace grpo::reward::math
