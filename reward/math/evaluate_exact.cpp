#include <flint/fmpq.h>
#include <flint/fmpz.h>

#include <algorithm>

#include "reward/math/evaluate.h"

namespace grpo::reward::math {
namespace {

constexpr slong kMaxBits = 100'000;
constexpr slong kMaxFactorial = 5'000;
constexpr slong kMaxBinomial = 20'000;  // of k out of n: the result has at most n bits
constexpr slong kMaxTerms = 10'000;     // of a sum or product

slong bits(const Rational& value) {
  return static_cast<slong>(fmpz_bits(fmpq_numref(value.get())) +
                            fmpz_bits(fmpq_denref(value.get())));
}

std::optional<slong> small_integer(const Rational& value, slong limit) {
  if (!value.is_integer() || bits(value) > 40) return std::nullopt;
  const slong n = fmpz_get_si(fmpq_numref(value.get()));
  if (n > limit || n < -limit) return std::nullopt;
  return n;
}

/// Nothing when a value is too large; `budget` decides whether it may be worked with here.
std::optional<Rational> bounded(Rational value, Budget& budget) {
  const slong size = bits(value);
  if (size > kMaxBits) return std::nullopt;
  budget.spend(size);
  return value;
}

std::optional<Rational> power(const Rational& base, const Rational& exponent, Budget& budget) {
  const auto n = small_integer(exponent, kMaxBits);
  if (!n || (base.is_zero() && *n <= 0)) return std::nullopt;
  if (bits(base) > 2) {  // the size of the result is known before it is computed
    const slong size = bits(base) * std::abs(*n);
    if (size > kMaxBits) return std::nullopt;
    budget.spend(size);
  }
  Rational result;
  fmpq_pow_si(result.get(), base.get(), *n);
  return result;
}

/// The root if it is rational: sqrt(9/4), cbrt(-8).
std::optional<Rational> root(const Rational& index, const Rational& radicand) {
  const auto n = small_integer(index, 64);
  if (!n || *n < 1 || (radicand.sign() < 0 && *n % 2 == 0)) return std::nullopt;
  Rational result;
  const bool top = fmpz_root(fmpq_numref(result.get()), fmpq_numref(radicand.get()), *n) != 0;
  const bool bottom = fmpz_root(fmpq_denref(result.get()), fmpq_denref(radicand.get()), *n) != 0;
  if (!top || !bottom) return std::nullopt;
  return result;
}

Rational floor_of(const Rational& value) {
  Rational result;
  fmpz_fdiv_q(fmpq_numref(result.get()), fmpq_numref(value.get()), fmpq_denref(value.get()));
  return result;
}

/// The largest rational of which both are integer multiples.
Rational gcd_of(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_gcd(result.get(), a.get(), b.get());
  return result;
}

Rational magnitude(const Rational& value) { return value.sign() < 0 ? Rational(0) - value : value; }

std::optional<Rational> factorial(const Rational& value, bool every_second, Budget& budget) {
  const auto n = small_integer(value, kMaxFactorial);
  if (!n || *n < 0) return std::nullopt;
  budget.spend(*n * FLINT_BIT_COUNT(*n) / (every_second ? 2 : 1));
  Rational result(1);
  if (every_second) {
    for (slong k = *n; k > 1; k -= 2) {
      fmpz_mul_si(fmpq_numref(result.get()), fmpq_numref(result.get()), k);
    }
    return result;
  }
  fmpz_fac_ui(fmpq_numref(result.get()), static_cast<ulong>(*n));
  return result;
}

std::optional<Rational> binomial(const Rational& n, const Rational& k, Budget& budget) {
  const auto top = small_integer(n, kMaxBinomial), below = small_integer(k, kMaxBinomial);
  if (!top || !below || *top < 0) return std::nullopt;
  Rational result(0);
  if (*below < 0 || *below > *top) return result;
  budget.spend(*top);
  fmpz_bin_uiui(fmpq_numref(result.get()), static_cast<ulong>(*top), static_cast<ulong>(*below));
  return result;
}

class Exact {
 public:
  Exact(const Bindings& bindings, Budget& budget) : bindings_(bindings), budget_(budget) {}

  std::optional<Rational> run(const Expression& e) {
    budget_.step();
    switch (e.op) {
      case Op::number:
        return e.number;
      case Op::symbol: {
        const auto found = bindings_.find(e.name);
        return found == bindings_.end() ? std::nullopt : std::optional(found->second);
      }
      case Op::sum:
      case Op::product:
        return big(e);
      case Op::call:
        if (e.name == "det") return determinant(*e.args[0]);
        break;
      default:
        break;
    }
    std::vector<Rational> values;
    for (const auto& arg : e.args) {
      auto value = run(*arg);
      if (!value) return std::nullopt;
      values.push_back(*std::move(value));
    }
    return apply(e, values);
  }

 private:
  std::optional<Rational> apply(const Expression& e, const std::vector<Rational>& v) {
    switch (e.op) {
      case Op::negate:
        return Rational(0) - v[0];
      case Op::add: {
        // Bounded after each term: the size of a sum is that of all its denominators.
        std::optional<Rational> total = Rational();
        for (size_t i = 0; i < v.size() && total; ++i) total = bounded(*total + v[i], budget_);
        return total;
      }
      case Op::multiply: {
        std::optional<Rational> total = Rational(1);
        for (size_t i = 0; i < v.size() && total; ++i) total = bounded(*total * v[i], budget_);
        return total;
      }
      case Op::divide:
        if (v[1].is_zero()) return std::nullopt;
        return bounded(v[0] / v[1], budget_);
      case Op::power: {
        if (v[1].is_integer()) return power(v[0], v[1], budget_);
        Rational index, times;
        fmpz_set(fmpq_numref(index.get()), fmpq_denref(v[1].get()));
        fmpz_set(fmpq_numref(times.get()), fmpq_numref(v[1].get()));
        const auto base = root(index, v[0]);
        return base ? power(*base, times, budget_) : std::nullopt;
      }
      case Op::root:
        return root(v[0], v[1]);
      case Op::percent:
        return v[0] / Rational(100);
      case Op::degree:
      case Op::quantity:
        return v[0];
      case Op::call:
        return call(e.name, v);
      default:
        return std::nullopt;
    }
  }

  std::optional<Rational> call(const std::string& name, const std::vector<Rational>& v) {
    if (name == "abs") return magnitude(v[0]);
    if (name == "floor") return floor_of(v[0]);
    if (name == "ceil") return Rational(0) - floor_of(Rational(0) - v[0]);
    if (name == "factorial") return factorial(v[0], false, budget_);
    if (name == "factorial2") return factorial(v[0], true, budget_);
    if (name == "binom") return binomial(v[0], v[1], budget_);
    if (name == "sgn") return Rational(v[0].sign());
    if (name == "mod") {
      if (v[1].is_zero()) return std::nullopt;
      return bounded(v[0] - v[1] * floor_of(v[0] / v[1]), budget_);
    }
    if (name == "max") return *std::max_element(v.begin(), v.end());
    if (name == "min") return *std::min_element(v.begin(), v.end());
    if (name == "gcd" || name == "lcm") {
      Rational result = magnitude(v[0]);
      for (size_t i = 1; i < v.size(); ++i) {
        const Rational common = gcd_of(result, v[i]);
        if (name == "gcd") {
          result = common;
        } else {
          result = common.is_zero() ? Rational(0) : magnitude(result * v[i] / common);
        }
        if (!bounded(result, budget_)) return std::nullopt;
      }
      return result;
    }
    return std::nullopt;
  }

  std::optional<Rational> big(const Expression& e) {
    const auto lower = run(*e.args[0]), upper = run(*e.args[1]);
    if (!lower || !upper || !lower->is_integer() || !upper->is_integer()) return std::nullopt;
    const auto count = small_integer(*upper - *lower + Rational(1), kMaxTerms);
    if (!count) return std::nullopt;
    Bindings inner = bindings_;
    Rational total(e.op == Op::sum ? 0 : 1);
    for (slong i = 0; i < *count; ++i) {
      inner[e.name] = *lower + Rational(i);
      const auto term = Exact(inner, budget_).run(*e.args[2]);
      if (!term) return std::nullopt;
      total = e.op == Op::sum ? total + *term : total * *term;
      if (!bounded(total, budget_)) return std::nullopt;
    }
    return total;
  }

  /// By elimination; up to 8 x 8, of entries below 2,000 bits.
  std::optional<Rational> determinant(const Expression& m) {
    if (m.op != Op::matrix || m.rows > 8 || m.args.size() != m.rows * m.rows) return std::nullopt;
    const size_t n = m.rows;
    std::vector<Rational> a;
    for (const auto& arg : m.args) {
      auto value = run(*arg);
      if (!value || bits(*value) > 2000) return std::nullopt;
      a.push_back(*std::move(value));
    }
    Rational result(1);
    for (size_t c = 0; c < n; ++c) {
      size_t pivot = c;
      while (pivot < n && a[pivot * n + c].is_zero()) ++pivot;
      if (pivot == n) return Rational(0);
      if (pivot != c) {
        for (size_t k = 0; k < n; ++k) std::swap(a[pivot * n + k], a[c * n + k]);
        result = Rational(0) - result;
      }
      result = result * a[c * n + c];
      for (size_t r = c + 1; r < n; ++r) {
        budget_.look();
        const Rational factor = a[r * n + c] / a[c * n + c];
        for (size_t k = c; k < n; ++k) {
          const auto entry = bounded(a[r * n + k] - factor * a[c * n + k], budget_);
          if (!entry) return std::nullopt;
          a[r * n + k] = *entry;
        }
      }
    }
    return bounded(result, budget_);
  }

  const Bindings& bindings_;
  Budget& budget_;
};

}  // namespace

std::optional<Rational> exact_value(const Expression& e, const Bindings& bindings, Budget& budget) {
  return Exact(bindings, budget).run(e);
}

}  // namespace grpo::reward::math
