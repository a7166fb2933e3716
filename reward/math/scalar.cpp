#include "reward/math/scalar.h"

#include <arb.h>

#include <algorithm>
#include <cmath>

#include "base/fnv1a.h"
#include "reward/math/identity.h"
#include "reward/math/separation.h"

namespace grpo::reward::math {
namespace {

constexpr double kMaxSeparation = 20'000;  // bits; more would take milliseconds

std::vector<std::string> all_symbols(const Expression& a, const Expression& b) {
  auto names = symbols(a);
  const auto more = symbols(b);
  names.insert(names.end(), more.begin(), more.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

/// |a - b| <= 10^-p / 2 and the relative bound, or the tolerances asked for; provably.
bool close(const Ball& a, const Ball& b, const MathOptions& options, slong precision) {
  Ball difference;
  acb_sub(difference.get(), a.get(), b.get(), precision);
  arb_t distance, size, bound;
  arb_init(distance);
  arb_init(size);
  arb_init(bound);
  acb_abs(distance, difference.get(), precision);
  acb_abs(size, a.get(), precision);
  acb_abs(bound, b.get(), precision);
  arb_max(size, size, bound, precision);
  bool result = false;
  const auto within = [&](double factor, bool relative) {
    arb_set_d(bound, factor * (1 + 1e-9));  // decimals are not exact in binary
    if (relative) arb_mul(bound, bound, size, precision);
    return arb_le(distance, bound) != 0;
  };
  if (options.tolerance) {
    result = within(*options.tolerance, false);
  } else if (options.tolerance_rel) {
    result = within(*options.tolerance_rel, true);
  } else {
    const auto p = static_cast<double>(options.precision);
    result =
        within(0.5 * std::pow(10, -p), false) && within(std::pow(10, -std::max(1.0, p - 2)), true);
  }
  arb_clear(distance);
  arb_clear(size);
  arb_clear(bound);
  return result;
}

enum class Overlap { disjoint, equal, none };

/// A bound on |x - y|, as 2^result.
slong magnitude_bits(const Ball& x, const Ball& y, slong precision) {
  Ball difference;
  acb_sub(difference.get(), x.get(), y.get(), precision);
  mag_t size;
  mag_init(size);
  acb_get_mag(size, difference.get());
  const slong result = mag_is_zero(size) ? -ARF_PREC_EXACT : MAG_EXP(size);
  mag_clear(size);
  return result;
}

Overlap overlap_at(const Expression& a, const Expression& b, const Bindings& bindings,
                   slong precision, Budget& budget) {
  const auto x = ball_value(a, bindings, precision, budget);
  const auto y = ball_value(b, bindings, precision, budget);
  if (!x || !y) return Overlap::none;
  if (!acb_overlaps(x->get(), y->get())) return Overlap::disjoint;
  // Overlap says something only when the difference is known to be tiny.
  return magnitude_bits(*x, *y, precision) < -precision / 2 ? Overlap::equal : Overlap::none;
}

/// Balls of rising precision at one point.
Overlap overlap_rising(const Expression& a, const Expression& b, const Bindings& bindings,
                       slong max_precision, Budget& budget) {
  auto result = Overlap::none;
  for (slong precision = 128; precision <= max_precision; precision *= 4) {
    const auto next = overlap_at(a, b, bindings, precision, budget);
    if (next == Overlap::disjoint) return next;
    if (next == Overlap::equal) result = next;
  }
  return result;
}

/// Proof by the separation bound, at the precision it asks for.
Overlap algebraic(const Expression& a, const Expression& b, Budget& budget) {
  const auto bits = separation_bits(a, b, budget);
  if (!bits || *bits > kMaxSeparation) return Overlap::none;
  const slong goal = static_cast<slong>(*bits) + 1;
  for (slong precision = 256;; precision *= 4) {
    const slong enough = std::min(precision, goal + 256);
    const auto x = ball_value(a, {}, enough, budget), y = ball_value(b, {}, enough, budget);
    if (x && y) {
      if (!acb_overlaps(x->get(), y->get())) return Overlap::disjoint;
      if (magnitude_bits(*x, *y, enough) < -goal) return Overlap::equal;
    }
    if (enough == goal + 256) return Overlap::none;
  }
}

Comparison compare_closed(const Expression& a, const Expression& b, const MathOptions& options,
                          Budget& budget) {
  const bool approximate =
      options.tolerance || options.tolerance_rel || has_decimal(a) || has_decimal(b);
  const auto x = exact_value(a, {}, budget), y = exact_value(b, {}, budget);
  if (x && y && *x == *y) return {Equality::equal, "exact"};
  if (x && y && !approximate) return {Equality::different, "exact"};
  if (approximate) {
    const slong precision = 256;
    const auto p = x ? std::optional(Ball(*x, precision)) : ball_value(a, {}, precision, budget);
    const auto q = y ? std::optional(Ball(*y, precision)) : ball_value(b, {}, precision, budget);
    if (!p || !q) return {Equality::undecided, "no value"};
    return {close(*p, *q, options, precision) ? Equality::equal : Equality::different, "decimal"};
  }
  // Whether there is a value at all, and most inequalities, show at once.
  const auto first = overlap_at(a, b, {}, 128, budget);
  if (first == Overlap::disjoint) return {Equality::different, "ball"};
  if (first == Overlap::equal && is_identity(a, b, budget)) return {Equality::equal, "identity"};
  switch (algebraic(a, b, budget)) {
    case Overlap::disjoint:
      return {Equality::different, "ball"};
    case Overlap::equal:
      return {Equality::equal, "algebraic"};
    case Overlap::none:
      break;
  }
  switch (overlap_rising(a, b, {}, kMaxPrecision, budget)) {
    case Overlap::disjoint:
      return {Equality::different, "ball"};
    case Overlap::equal:
      return {Equality::equal, "ball"};
    case Overlap::none:
      break;
  }
  return {Equality::undecided, "no value"};
}

Comparison compare_open(const Expression& a, const Expression& b,
                        const std::vector<std::string>& names, const MathOptions& options,
                        Budget& budget) {
  const bool approximate = has_decimal(a) || has_decimal(b);
  // A sum up to n has values at integers only.
  const bool integers = contains(a, Op::sum) || contains(b, Op::sum) || contains(a, Op::product) ||
                        contains(b, Op::product);
  int agreed = 0;
  for (int point = 0; point < kNumPoints; ++point) {
    if (agreed == 1 && !approximate && is_identity(a, b, budget)) {
      return {Equality::equal, "identity"};
    }
    const Bindings bindings = integers ? integers_at(names, point) : bindings_at(names, point);
    const auto x = exact_value(a, bindings, budget), y = exact_value(b, bindings, budget);
    if (x && y) {
      if (*x == *y) {
        ++agreed;
        continue;
      }
      if (!approximate) return {Equality::different, "points"};
    }
    if (approximate) {
      const auto p = ball_value(a, bindings, 256, budget), q = ball_value(b, bindings, 256, budget);
      if (!p || !q) continue;
      if (!close(*p, *q, options, 256)) return {Equality::different, "points"};
      ++agreed;
      continue;
    }
    switch (overlap_rising(a, b, bindings, 512, budget)) {
      case Overlap::disjoint:
        return {Equality::different, "points"};
      case Overlap::equal:
        ++agreed;
        break;
      case Overlap::none:
        break;
    }
  }
  if (agreed >= kMinPoints) return {Equality::equal, "points"};
  return {Equality::undecided, "no value"};
}

}  // namespace

Rational point_value(const std::string& name, int point) {
  uint64_t hash = fnv1a(name, kFnv1aStart + static_cast<uint64_t>(point) * 0x9E3779B97F4A7C15u);
  hash ^= hash >> 29;
  hash *= 0xBF58476D1CE4E5B9u;
  hash ^= hash >> 32;
  // Between 1/4 and 13/4, over a prime: no accidental equalities such as x^2 = x.
  const auto numerator = static_cast<slong>(252 + hash % 3027);
  const bool negative = point % 2 == 1 && (hash >> 40) % 2 == 1;
  return Rational(negative ? -numerator : numerator, 1009);
}

Bindings integers_at(const std::vector<std::string>& names, int point) {
  Bindings bindings;
  for (const auto& name : names) {
    const Rational x = point_value(name, point);
    slong value = fmpz_get_si(fmpq_numref(x.get()));
    bindings[name] = Rational(3 + (value < 0 ? -value : value) % 17 + point);
  }
  return bindings;
}

Bindings bindings_at(const std::vector<std::string>& names, int point) {
  Bindings bindings;
  for (const auto& name : names) bindings[name] = point_value(name, point);
  return bindings;
}

Comparison compare_scalars(const Expression& a, const Expression& b, const MathOptions& options,
                           Budget& budget) {
  if (canonical(a) == canonical(b)) return {Equality::equal, "structure"};
  const auto names = all_symbols(a, b);
  if (names.empty()) return compare_closed(a, b, options, budget);
  // A value does not depend on a symbol that the other side lacks, unless it cancels.
  return compare_open(a, b, names, options, budget);
}

Equality proportional(const Expression& f, const Expression& g, bool positive, Budget& budget) {
  constexpr slong kPrecision = 256;
  const auto names = all_symbols(f, g);
  if (names.empty()) return Equality::undecided;
  if (const auto ratio = proven_ratio(f, g, budget)) {
    return positive && ratio->sign() < 0 ? Equality::different : Equality::equal;
  }
  std::optional<Ball> f0, g0;
  int agreed = 0;
  for (int point = 0; point < kNumPoints; ++point) {
    const Bindings bindings = bindings_at(names, point);
    auto x = ball_value(f, bindings, kPrecision, budget);
    auto y = ball_value(g, bindings, kPrecision, budget);
    if (!x || !y) continue;
    if (x->contains_zero() != y->contains_zero()) return Equality::different;
    if (x->contains_zero()) continue;
    if (!f0) {
      f0 = x;
      g0 = y;
      Ball ratio;
      acb_div(ratio.get(), x->get(), y->get(), kPrecision);
      if (positive && !(arb_is_positive(acb_realref(ratio.get())) &&
                        arb_contains_zero(acb_imagref(ratio.get())))) {
        return Equality::different;
      }
    }
    Ball left, right;
    acb_mul(left.get(), x->get(), g0->get(), kPrecision);
    acb_mul(right.get(), y->get(), f0->get(), kPrecision);
    acb_sub(left.get(), left.get(), right.get(), kPrecision);
    if (!left.contains_zero()) return Equality::different;
    ++agreed;
  }
  return agreed >= kMinPoints ? Equality::equal : Equality::undecided;
}

}  // namespace grpo::reward::math
