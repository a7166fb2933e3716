#include "reward/math/separation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

namespace grpo::reward::math {
namespace {

/// Binary logarithms of bounds on the conjugates of U and L; both at least 0.
struct Bounds {
  double u = 0;
  double l = 0;
};

/// What is not seen to be algebraic.
struct NotAlgebraic {};

double log2_size(const fmpz* n) { return static_cast<double>(fmpz_bits(n)); }

/// No sine is evaluated of an angle with more digits.
bool is_short(const Rational& angle) {
  return fmpz_bits(fmpq_numref(angle.get())) + fmpz_bits(fmpq_denref(angle.get())) < 2000;
}

/// r when the angle is r * pi; degrees are 180 to the half turn.
std::optional<Rational> half_turns(const Expression& e, Budget& budget) {
  budget.step();
  const auto of = [&](size_t i) { return half_turns(*e.args[i], budget); };
  switch (e.op) {
    case Op::constant:
      return e.name == "pi" ? std::optional(Rational(1)) : std::nullopt;
    case Op::degree: {
      const auto value = exact_value(*e.args[0], {}, budget);
      return value ? std::optional(*value / Rational(180)) : std::nullopt;
    }
    case Op::negate: {
      const auto inner = of(0);
      return inner ? std::optional(Rational(0) - *inner) : std::nullopt;
    }
    case Op::add: {
      Rational total;
      for (size_t i = 0; i < e.args.size(); ++i) {
        const auto part = of(i);
        if (!part) return std::nullopt;
        total = total + *part;
        if (!is_short(total)) return std::nullopt;
      }
      return total;
    }
    case Op::divide: {
      const auto top = of(0);
      const auto bottom = exact_value(*e.args[1], {}, budget);
      if (!top || !bottom || bottom->is_zero()) return std::nullopt;
      return *top / *bottom;
    }
    case Op::multiply: {
      std::optional<Rational> angle;
      Rational factor(1);
      for (size_t i = 0; i < e.args.size(); ++i) {
        const auto value =
            contains(*e.args[i], Op::degree) ? std::nullopt : exact_value(*e.args[i], {}, budget);
        if (value) {
          factor = factor * *value;
          if (!is_short(factor)) return std::nullopt;
        } else if (angle || !(angle = of(i))) {
          return std::nullopt;
        }
      }
      return angle ? std::optional(*angle * factor) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

class Separation {
 public:
  explicit Separation(Budget& budget) : budget_(budget) {}

  Bounds bounds(const Expression& e) {
    budget_.step();
    if (const auto value = exact_value(e, {}, budget_)) {
      return {log2_size(fmpq_numref(value->get())), log2_size(fmpq_denref(value->get()))};
    }
    switch (e.op) {
      case Op::constant:
        if (e.name != "i") throw NotAlgebraic();
        adjoin("i", 2);
        return {};
      case Op::negate:
      case Op::quantity:
        return bounds(*e.args[0]);
      case Op::percent:
        return quotient(bounds(*e.args[0]), {7, 0});
      case Op::add:
      case Op::multiply: {
        Bounds total = bounds(*e.args[0]);
        for (size_t i = 1; i < e.args.size(); ++i) {
          const Bounds next = bounds(*e.args[i]);
          total = e.op == Op::add ? sum(total, next) : Bounds{total.u + next.u, total.l + next.l};
        }
        return total;
      }
      case Op::divide:
        return quotient(bounds(*e.args[0]), bounds(*e.args[1]));
      case Op::power:
        return power(*e.args[0], *e.args[1]);
      case Op::root: {
        const auto index = exact_value(*e.args[0], {}, budget_);
        if (!index || !index->is_integer() || *index < Rational(1) || *index > Rational(64)) {
          throw NotAlgebraic();
        }
        return root(*e.args[1], static_cast<double>(fmpz_get_si(fmpq_numref(index->get()))));
      }
      case Op::call:
        return call(e);
      default:
        throw NotAlgebraic();
    }
  }

  static Bounds sum(const Bounds& a, const Bounds& b) {
    return {std::max(a.u + b.l, a.l + b.u) + 1, a.l + b.l};
  }

  /// Roots of numbers lie in the field of the roots of their primes: sqrt 6 in that of sqrt 2 and
  /// sqrt 3. Whichever is the smaller counts.
  double degree() const {
    double result = degree_;
    for (const auto& [index, numbers] : radicands_) {
      const size_t count = std::min(numbers.size(), primes_.at(index).size());
      result *= std::pow(index, static_cast<double>(count));
    }
    return result;
  }

 private:
  static Bounds quotient(const Bounds& a, const Bounds& b) { return {a.u + b.l, a.l + b.u}; }

  /// Counts a root once, however often it is written.
  void adjoin(const std::string& name, double index) {
    if (adjoined_.insert(name).second) degree_ *= index;
  }

  /// (U/L)^{1/k} is (U L^{k-1})^{1/k} / L, or U / (U^{k-1} L)^{1/k}: the smaller of the two.
  Bounds root(const Expression& radicand, double k) {
    const Bounds inner = bounds(radicand);
    const auto value = exact_value(radicand, {}, budget_);
    if (value && value->sign() > 0 && inner.u + inner.l < 200) {
      radicands_[k].insert(value->text());
      Rational top, bottom;
      fmpz_set(fmpq_numref(top.get()), fmpq_numref(value->get()));
      fmpz_set(fmpq_numref(bottom.get()), fmpq_denref(value->get()));
      for (const auto* part : {&top, &bottom}) {
        budget_.look();
        for (const auto& [prime, times] : prime_powers(*part)) primes_[k].insert(prime.text());
      }
    } else {
      adjoin(std::to_string(k) + " " + canonical(radicand), k);
    }
    if (inner.u >= inner.l) return {(inner.u + (k - 1) * inner.l) / k, inner.l};
    return {inner.u, ((k - 1) * inner.u + inner.l) / k};
  }

  Bounds power(const Expression& base, const Expression& exponent) {
    const auto n = exact_value(exponent, {}, budget_);
    if (!n || fmpz_bits(fmpq_numref(n->get())) > 10 || fmpz_bits(fmpq_denref(n->get())) > 6) {
      throw NotAlgebraic();
    }
    const double index = static_cast<double>(fmpz_get_si(fmpq_denref(n->get())));
    const double times = static_cast<double>(fmpz_get_si(fmpq_numref(n->get())));
    const Bounds one = index > 1 ? root(base, index) : bounds(base);
    const double size = std::abs(times);
    return times < 0 ? Bounds{one.l * size, one.u * size} : Bounds{one.u * size, one.l * size};
  }

  /// 2 cos(p pi / q) and 2 sin(p pi / q) are algebraic integers, with all conjugates at most 2, in
  /// the field of the roots of unity of order 4q.
  Bounds call(const Expression& e) {
    static const std::set<std::string> known{"sin", "cos", "tan", "cot", "sec", "csc"};
    if (!known.contains(e.name)) throw NotAlgebraic();
    const auto angle = half_turns(*e.args[0], budget_);
    if (!angle || fmpz_bits(fmpq_denref(angle->get())) > 10) throw NotAlgebraic();
    const ulong order = 4 * fmpz_get_ui(fmpq_denref(angle->get()));
    adjoin("unity " + std::to_string(order), static_cast<double>(n_euler_phi(order)));
    return {1, 1};
  }

  Budget& budget_;
  double degree_ = 1;
  std::set<std::string> adjoined_;
  std::map<double, std::set<std::string>> radicands_;  // by the root's index
  std::map<double, std::set<std::string>> primes_;
};

}  // namespace

std::optional<double> separation_bits(const Expression& a, const Expression& b, Budget& budget) {
  try {
    Separation separation(budget);
    const Bounds difference = Separation::sum(separation.bounds(a), separation.bounds(b));
    const double bits = difference.l + (separation.degree() - 1) * difference.u + 1;
    if (!std::isfinite(bits)) return std::nullopt;
    return bits;
  } catch (const NotAlgebraic&) {
    return std::nullopt;
  }
}

}  // namespace grpo::reward::math
