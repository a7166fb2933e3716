#include "reward/math/identity.h"

#include <utility>

#include "reward/math/polynomial.h"

namespace grpo::reward::math {
namespace {

constexpr slong kMaxPower = 200;  // larger powers are not multiplied out

/// What has no normal form here.
struct NoForm {};

class Former {
 public:
  explicit Former(Budget& budget) : budget_(budget), ring_(budget) {}

  Fraction form(const Expression& e) {
    budget_.step();
    switch (e.op) {
      case Op::number:
        return rational(e.number);
      case Op::symbol:
        return whole(PolynomialRing::variable(ring_.atom(e.name)));
      case Op::constant:
        return constant(e.name);
      case Op::quantity:
        return form(*e.args[0]);
      case Op::percent:
        return multiply(form(*e.args[0]), rational(Rational(1, 100)));
      case Op::negate:
        return multiply(form(*e.args[0]), rational(Rational(-1)));
      case Op::add:
      case Op::multiply: {
        Fraction total = form(*e.args[0]);
        for (size_t i = 1; i < e.args.size(); ++i) {
          const Fraction next = form(*e.args[i]);
          total = e.op == Op::add ? add(total, next) : multiply(total, next);
        }
        return total;
      }
      case Op::divide:
        return multiply(form(*e.args[0]), inverse(form(*e.args[1])));
      case Op::power:
        return power(*e.args[0], *e.args[1]);
      case Op::root: {
        const auto index = exact_value(*e.args[0], {}, budget_);
        if (!index || !index->is_integer() || *index < Rational(2) || *index > Rational(64)) {
          throw NoForm();
        }
        return root(*e.args[1], static_cast<int>(fmpz_get_si(fmpq_numref(index->get()))));
      }
      case Op::call:
        return call(e);
      default:
        throw NoForm();
    }
  }

  Fraction add(const Fraction& a, const Fraction& b) {
    return {PolynomialRing::add(ring_.multiply(a.top, b.bottom), ring_.multiply(b.top, a.bottom),
                                Rational(1)),
            ring_.multiply(a.bottom, b.bottom)};
  }
  Fraction multiply(const Fraction& a, const Fraction& b) {
    return {ring_.multiply(a.top, b.top), ring_.multiply(a.bottom, b.bottom)};
  }
  Polynomial multiply(const Polynomial& a, const Polynomial& b) { return ring_.multiply(a, b); }

 private:
  static Fraction whole(Polynomial p) {
    return {std::move(p), PolynomialRing::constant(Rational(1))};
  }
  static Fraction rational(const Rational& value) { return whole(PolynomialRing::constant(value)); }

  static Fraction inverse(Fraction a) {
    if (a.top.empty()) throw NoForm();
    std::swap(a.top, a.bottom);
    return a;
  }

  Fraction constant(const std::string& name) {
    if (name == "i") {
      const int i = ring_.atom("i", 2, PolynomialRing::constant(Rational(-1)));
      return whole(PolynomialRing::variable(i));
    }
    if (name != "pi" && name != "e") throw NoForm();
    return whole(PolynomialRing::variable(ring_.atom("constant " + name)));
  }

  Fraction power(const Expression& base, const Expression& exponent) {
    const auto n = exact_value(exponent, {}, budget_);
    if (!n || fmpz_bits(fmpq_numref(n->get())) > 20 || fmpz_bits(fmpq_denref(n->get())) > 6) {
      return atom_of("power", {form(base), form(exponent)});
    }
    const slong times = fmpz_get_si(fmpq_numref(n->get()));
    const auto index = static_cast<int>(fmpz_get_si(fmpq_denref(n->get())));
    if (std::abs(times) > kMaxPower) throw NoForm();
    const Fraction one = index == 1 ? form(base) : root(base, index);
    Fraction result = rational(Rational(1));
    for (slong i = 0; i < std::abs(times); ++i) result = multiply(result, one);
    return times < 0 ? inverse(std::move(result)) : result;
  }

  /// A number's root by its primes; any other root as an atom whose power is known.
  Fraction root(const Expression& radicand, int n) {
    if (const auto value = exact_value(radicand, {}, budget_)) return root_of(*value, n);
    const Fraction inner = form(radicand);
    const auto name = "root " + std::to_string(n) + " " + text(inner);
    const bool polynomial = inner.bottom == PolynomialRing::constant(Rational(1));
    const int atom = polynomial ? ring_.atom(name, n, inner.top) : ring_.atom(name);
    return whole(PolynomialRing::variable(atom));
  }

  Fraction root_of(const Rational& value, int n) {
    if (value.is_zero()) return rational(value);
    Fraction result = rational(Rational(1));
    Rational size = value;
    if (value.sign() < 0) {
      size = Rational(0) - value;
      if (n % 2 == 1) {
        result = rational(Rational(-1));
      } else if (n == 2) {
        result = constant("i");
      } else {
        throw NoForm();
      }
    }
    // (a/b)^{1/n} = (a b^{n-1})^{1/n} / b, all positive.
    Rational bottom, radicand;
    fmpz_set(fmpq_numref(bottom.get()), fmpq_denref(size.get()));
    check_size(size);
    if (fmpz_bits(fmpq_denref(size.get())) * static_cast<ulong>(n - 1) > 400) throw TooLarge();
    radicand = size * bottom;
    for (int i = 1; i < n; ++i) radicand = radicand * bottom;
    result = multiply(result, inverse(rational(bottom)));
    check_size(radicand);
    budget_.look();
    for (const auto& [prime, times] : prime_powers(radicand)) {
      Rational outside(1);
      for (int i = 0; i < times / n; ++i) outside = outside * prime;
      Polynomial inside = PolynomialRing::constant(Rational(1));
      if (times % n != 0) {
        const int atom = ring_.atom("root " + std::to_string(n) + " of " + prime.text(), n,
                                    PolynomialRing::constant(prime));
        inside = {{{{atom, times % n}}, Rational(1)}};
      }
      result = multiply(result, {std::move(inside), PolynomialRing::constant(Rational(1))});
      result = multiply(result, rational(outside));
    }
    return result;
  }

  static void check_size(const Rational& n) {
    if (fmpz_bits(fmpq_numref(n.get())) > 400) throw TooLarge();
  }

  Fraction call(const Expression& e) {
    const std::string& name = e.name;
    if (name == "log") return multiply(logarithm(*e.args[1]), inverse(logarithm(*e.args[0])));
    if (name == "ln") return logarithm(*e.args[0]);
    if (name == "tan") return multiply(trigonometric("sin", e), inverse(trigonometric("cos", e)));
    if (name == "cot") return multiply(trigonometric("cos", e), inverse(trigonometric("sin", e)));
    if (name == "sec") return inverse(trigonometric("cos", e));
    if (name == "csc") return inverse(trigonometric("sin", e));
    if (name == "sin" || name == "cos") return trigonometric(name, e);
    if (const auto value = exact_value(e, {}, budget_)) return rational(*value);
    std::vector<Fraction> args;
    for (const auto& arg : e.args) args.push_back(form(*arg));
    return atom_of(name, args);
  }

  Fraction trigonometric(const std::string& name, const Expression& e) {
    if (contains(*e.args[0], Op::degree)) throw NoForm();
    const auto inner = text(form(*e.args[0]));
    const int sine = ring_.atom("sin " + inner);
    if (name == "sin") return whole(PolynomialRing::variable(sine));
    Polynomial square = PolynomialRing::constant(Rational(1));
    square[{{sine, 2}}] = Rational(-1);
    return whole(PolynomialRing::variable(ring_.atom("cos " + inner, 2, std::move(square))));
  }

  /// ln of a positive rational is a sum over its primes; ln e is 1.
  Fraction logarithm(const Expression& e) {
    if (e.op == Op::constant && e.name == "e") return rational(Rational(1));
    const auto value = exact_value(e, {}, budget_);
    if (!value) return atom_of("ln", {form(e)});
    if (value->sign() <= 0) throw NoForm();
    Rational top, bottom;
    fmpz_set(fmpq_numref(top.get()), fmpq_numref(value->get()));
    fmpz_set(fmpq_numref(bottom.get()), fmpq_denref(value->get()));
    Polynomial sum;
    for (const auto& [part, sign] : {std::pair(top, 1), std::pair(bottom, -1)}) {
      check_size(part);
      budget_.look();
      for (const auto& [prime, times] : prime_powers(part)) {
        const int atom = ring_.atom("ln of " + prime.text());
        sum = PolynomialRing::add(sum, PolynomialRing::variable(atom), Rational(sign * times));
      }
    }
    return whole(std::move(sum));
  }

  Fraction atom_of(const std::string& name, const std::vector<Fraction>& args) {
    std::string key = name;
    for (const auto& arg : args) key += " " + text(arg);
    return whole(PolynomialRing::variable(ring_.atom(key)));
  }

  static std::string text(const Fraction& f) {
    return "(" + PolynomialRing::text(f.top) + ")/(" + PolynomialRing::text(f.bottom) + ")";
  }

  Budget& budget_;
  PolynomialRing ring_;
};

}  // namespace

bool is_identity(const Expression& a, const Expression& b, Budget& budget) {
  try {
    Former former(budget);
    const Fraction x = former.form(a), y = former.form(b);
    return former.multiply(x.top, y.bottom) == former.multiply(y.top, x.bottom);
  } catch (const NoForm&) {
  } catch (const TooLarge&) {
  }
  return false;
}

std::optional<Rational> proven_ratio(const Expression& f, const Expression& g, Budget& budget) {
  try {
    Former former(budget);
    const Fraction x = former.form(f), y = former.form(g);
    const Polynomial p = former.multiply(x.top, y.bottom), q = former.multiply(y.top, x.bottom);
    if (p.empty() || q.empty()) return std::nullopt;
    const Rational ratio = p.begin()->second / q.begin()->second;
    if (!PolynomialRing::add(p, q, Rational(0) - ratio).empty()) return std::nullopt;
    return ratio;
  } catch (const NoForm&) {
  } catch (const TooLarge&) {
  }
  return std::nullopt;
}

}  // namespace grpo::reward::math
