#include "reward/math/polynomial.h"

#include <algorithm>

namespace grpo::reward::math {
namespace {

constexpr size_t kMaxWork = 100'000;
constexpr int kMaxPower = 10'000;

slong bits(const Rational& value) {
  return static_cast<slong>(
      std::max(fmpz_bits(fmpq_numref(value.get())), fmpz_bits(fmpq_denref(value.get()))));
}

Monomial product(const Monomial& a, const Monomial& b) {
  Monomial result;
  result.reserve(a.size() + b.size());
  size_t i = 0, k = 0;
  while (i < a.size() || k < b.size()) {
    if (k == b.size() || (i < a.size() && a[i].first < b[k].first)) {
      result.push_back(a[i++]);
    } else if (i == a.size() || b[k].first < a[i].first) {
      result.push_back(b[k++]);
    } else {
      result.emplace_back(a[i].first, a[i].second + b[k].second);
      if (result.back().second > kMaxPower) throw TooLarge();
      ++i;
      ++k;
    }
  }
  return result;
}

}  // namespace

int PolynomialRing::atom(const std::string& name, int degree, Polynomial value) {
  const auto [found, is_new] = names_.emplace(name, static_cast<int>(atoms_.size()));
  if (is_new) atoms_.push_back({degree, std::move(value)});
  return found->second;
}

Polynomial PolynomialRing::constant(const Rational& value) {
  if (value.is_zero()) return {};
  return {{{}, value}};
}

Polynomial PolynomialRing::add(const Polynomial& a, const Polynomial& b, const Rational& times_b) {
  Polynomial sum = a;
  for (const auto& [monomial, coefficient] : b) {
    Rational& place = sum[monomial];
    place = place + coefficient * times_b;
    if (place.is_zero()) sum.erase(monomial);
  }
  if (sum.size() > kMaxTerms) throw TooLarge();
  return sum;
}

/// Adds coefficient * monomial with powers of algebraic atoms reduced, the newest atom first: what
/// stands for it holds older ones only, so this ends.
void PolynomialRing::add_term(Polynomial& sum, const Monomial& monomial,
                              const Rational& coefficient) {
  if (++work_ > kMaxWork) throw TooLarge();
  budget_->step();
  for (size_t i = monomial.size(); i-- > 0;) {
    const auto [index, power] = monomial[i];
    const Atom& atom = atoms_[static_cast<size_t>(index)];
    if (atom.degree == 0 || power < atom.degree) continue;
    Monomial rest = monomial;
    rest[i].second = power - atom.degree;
    if (rest[i].second == 0) rest.erase(rest.begin() + static_cast<int64_t>(i));
    for (const auto& [part, factor] : atom.value) {
      add_term(sum, product(rest, part), coefficient * factor);
    }
    return;
  }
  if (bits(coefficient) > kMaxCoefficientBits) throw TooLarge();
  Rational& place = sum[monomial];
  place = place + coefficient;
  if (place.is_zero()) sum.erase(monomial);
  if (sum.size() > kMaxTerms) throw TooLarge();
}

Polynomial PolynomialRing::multiply(const Polynomial& a, const Polynomial& b) {
  if (a.size() * b.size() > 4 * kMaxTerms) throw TooLarge();
  Polynomial result;
  for (const auto& [p, x] : a) {
    for (const auto& [q, y] : b) add_term(result, product(p, q), x * y);
  }
  return result;
}

std::string PolynomialRing::text(const Polynomial& p) {
  std::string result;
  for (const auto& [monomial, coefficient] : p) {
    result += "+" + coefficient.text();
    for (const auto& [atom, power] : monomial) {
      result += "*" + std::to_string(atom) + "^" + std::to_string(power);
    }
  }
  return result;
}

}  // namespace grpo::reward::math
