#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reward/math/evaluate.h"
#include "reward/math/rational.h"

namespace grpo::reward::math {

/// Atoms and their powers, ascending by atom, each power at least 1.
using Monomial = std::vector<std::pair<int, int>>;

/// A sparse polynomial over the rationals; no coefficient is 0, so zero has no terms.
using Polynomial = std::map<Monomial, Rational>;

struct Fraction {
  Polynomial top, bottom;
};

/// Thrown when a normal form would become too large.
struct TooLarge {};

/// Polynomials in atoms that may be algebraic: an atom of degree n > 0 satisfies atom^n = value,
/// and no product holds its n-th power. Every operation is bounded: more than kMaxTerms terms, or
/// coefficients of more than kMaxCoefficientBits, are TooLarge, decided before they are made.
class PolynomialRing {
 public:
  static constexpr size_t kMaxTerms = 4000;
  static constexpr slong kMaxCoefficientBits = 4'000;

  /// Every product of terms is a step of the budget, which must outlive the ring.
  explicit PolynomialRing(Budget& budget) : budget_(&budget) {}

  /// The atom of this name, made when it is new. `value` counts when `degree` > 0; it holds older
  /// atoms only.
  int atom(const std::string& name, int degree = 0, Polynomial value = {});

  static Polynomial constant(const Rational& value);
  static Polynomial variable(int atom) { return {{{{atom, 1}}, Rational(1)}}; }
  static Polynomial add(const Polynomial& a, const Polynomial& b, const Rational& times_b);
  Polynomial multiply(const Polynomial& a, const Polynomial& b);

  /// A fixed spelling, equal for equal polynomials of this ring.
  static std::string text(const Polynomial& p);

 private:
  struct Atom {
    int degree = 0;
    Polynomial value;
  };

  void add_term(Polynomial& sum, const Monomial& monomial, const Rational& coefficient);

  Budget* budget_;
  std::map<std::string, int> names_;
  std::vector<Atom> atoms_;
  size_t work_ = 0;  // term products made; bounds nested reductions
};

}  // namespace grpo::reward::math
