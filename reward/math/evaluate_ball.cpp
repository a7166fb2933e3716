#include <acb.h>
#include <acb_hypgeom.h>
#include <arb.h>

#include <functional>
#include <unordered_map>
#include <utility>

#include "reward/math/evaluate.h"

namespace grpo::reward::math {
namespace {

constexpr slong kMaxTerms = 1'000;

using Unary = void (*)(acb_t, const acb_t, slong);

const std::unordered_map<std::string, Unary>& unary_functions() {
  static const std::unordered_map<std::string, Unary> table{
      {"sin", acb_sin},     {"cos", acb_cos},       {"tan", acb_tan},       {"cot", acb_cot},
      {"sec", acb_sec},     {"csc", acb_csc},       {"sinh", acb_sinh},     {"cosh", acb_cosh},
      {"tanh", acb_tanh},   {"coth", acb_coth},     {"arcsin", acb_asin},   {"arccos", acb_acos},
      {"arctan", acb_atan}, {"arcsinh", acb_asinh}, {"arccosh", acb_acosh}, {"arctanh", acb_atanh},
      {"exp", acb_exp},     {"ln", acb_log}};
  return table;
}

bool is_trigonometric(const std::string& name) {
  return name == "sin" || name == "cos" || name == "tan" || name == "cot" || name == "sec" ||
         name == "csc";
}

class Numeric {
 public:
  Numeric(const Bindings& bindings, slong precision, Budget& budget)
      : bindings_(bindings), precision_(precision), budget_(budget) {}

  std::optional<Ball> run(const Expression& e) {
    budget_.step();
    auto value = compute(e);
    if (value && !value->is_finite()) return std::nullopt;
    return value;
  }

 private:
  std::optional<Ball> compute(const Expression& e) {
    Ball result;
    switch (e.op) {
      case Op::number:
        return Ball(e.number, precision_);
      case Op::symbol: {
        const auto found = bindings_.find(e.name);
        if (found == bindings_.end()) return std::nullopt;
        return Ball(found->second, precision_);
      }
      case Op::constant:
        if (e.name == "pi") {
          arb_const_pi(acb_realref(result.get()), precision_);
        } else if (e.name == "e") {
          arb_const_e(acb_realref(result.get()), precision_);
        } else if (e.name == "i") {
          acb_onei(result.get());
        } else {
          return std::nullopt;
        }
        return result;
      case Op::power:
        return power(*e.args[0], *e.args[1]);
      case Op::root:
        return root(*e.args[0], *e.args[1]);
      case Op::sum:
      case Op::product:
        return big(e);
      case Op::call:
        return call(e);
      case Op::negate:
      case Op::add:
      case Op::multiply:
      case Op::divide:
      case Op::percent:
      case Op::degree:
      case Op::quantity:
        return arithmetic(e);
      default:
        return std::nullopt;
    }
  }

  std::optional<Ball> arithmetic(const Expression& e) {
    auto result = run(*e.args[0]);
    if (!result) return std::nullopt;
    if (e.op == Op::negate) acb_neg(result->get(), result->get());
    if (e.op == Op::percent) acb_div_ui(result->get(), result->get(), 100, precision_);
    if (e.op == Op::degree && in_trigonometric_ > 0) {
      Ball pi;
      arb_const_pi(acb_realref(pi.get()), precision_);
      acb_mul(result->get(), result->get(), pi.get(), precision_);
      acb_div_ui(result->get(), result->get(), 180, precision_);
    }
    for (size_t i = 1; i < e.args.size(); ++i) {
      const auto next = run(*e.args[i]);
      if (!next) return std::nullopt;
      if (e.op == Op::add) acb_add(result->get(), result->get(), next->get(), precision_);
      if (e.op == Op::multiply) acb_mul(result->get(), result->get(), next->get(), precision_);
      if (e.op == Op::divide) acb_div(result->get(), result->get(), next->get(), precision_);
    }
    return result;
  }

  static bool is_negative_real(const Ball& x) {
    return x.is_real() && arb_is_negative(acb_realref(x.get()));
  }

  std::optional<Ball> nth_root(Ball x, ulong n) const {
    const bool real = n % 2 == 1 && is_negative_real(x);
    if (real) acb_neg(x.get(), x.get());
    Ball result;
    acb_root_ui(result.get(), x.get(), n, precision_);
    if (real) acb_neg(result.get(), result.get());
    return result;
  }

  std::optional<Ball> power(const Expression& base_tree, const Expression& exponent_tree) {
    if (base_tree.op == Op::constant && base_tree.name == "e") {
      auto exponent = run(exponent_tree);
      if (!exponent) return std::nullopt;
      Ball result;
      acb_exp(result.get(), exponent->get(), precision_);
      return result;
    }
    auto base = run(base_tree);
    if (!base) return std::nullopt;
    Ball result;
    const auto exact = exact_value(exponent_tree, bindings_, budget_);
    if (exact && fmpz_bits(fmpq_numref(exact->get())) <= 24 &&
        fmpz_bits(fmpq_denref(exact->get())) <= 8) {
      if (exact->is_zero() && base->contains_zero()) return std::nullopt;  // 0^0
      // p/q: the q-th root first, so that odd roots of negative reals stay real.
      const ulong q = fmpz_get_ui(fmpq_denref(exact->get()));
      if (q > 1) {
        auto rooted = nth_root(*std::move(base), q);
        if (!rooted) return std::nullopt;
        base = std::move(rooted);
      }
      acb_pow_fmpz(result.get(), base->get(), fmpq_numref(exact->get()), precision_);
      return result;
    }
    const auto exponent = run(exponent_tree);
    if (!exponent) return std::nullopt;
    acb_pow(result.get(), base->get(), exponent->get(), precision_);
    return result;
  }

  std::optional<Ball> root(const Expression& index_tree, const Expression& radicand_tree) {
    auto radicand = run(radicand_tree);
    if (!radicand) return std::nullopt;
    const auto index = exact_value(index_tree, bindings_, budget_);
    if (index && index->is_integer() && index->sign() > 0 && *index <= Rational(1000)) {
      return nth_root(*std::move(radicand), fmpz_get_ui(fmpq_numref(index->get())));
    }
    auto exponent = run(index_tree);
    if (!exponent) return std::nullopt;
    acb_inv(exponent->get(), exponent->get(), precision_);
    Ball result;
    acb_pow(result.get(), radicand->get(), exponent->get(), precision_);
    return result;
  }

  std::optional<Ball> call(const Expression& e) {
    if (e.name == "det" || e.name == "gcd" || e.name == "lcm" ||
        e.name == "factorial2") {  // defined exactly or not at all
      const auto exact = exact_value(e, bindings_, budget_);
      return exact ? std::optional(Ball(*exact, precision_)) : std::nullopt;
    }
    std::vector<Ball> v;
    in_trigonometric_ += is_trigonometric(e.name);
    bool good = true;
    for (const auto& arg : e.args) {
      auto value = run(*arg);
      good = good && value;
      if (value) v.push_back(*std::move(value));
    }
    in_trigonometric_ -= is_trigonometric(e.name);
    if (!good) return std::nullopt;

    Ball result;
    if (const auto unary = unary_functions().find(e.name); unary != unary_functions().end()) {
      unary->second(result.get(), v[0].get(), precision_);
      return result;
    }
    if (e.name == "arcsec" || e.name == "arccsc") {  // arcsec x = arccos 1/x
      acb_inv(result.get(), v[0].get(), precision_);
      (e.name == "arcsec" ? acb_acos : acb_asin)(result.get(), result.get(), precision_);
      return result;
    }
    if (e.name == "arccot") {  // of negative numbers it has two conventions
      if (!v[0].is_real() || !arb_is_positive(acb_realref(v[0].get()))) return std::nullopt;
      acb_inv(result.get(), v[0].get(), precision_);
      acb_atan(result.get(), result.get(), precision_);
      return result;
    }
    if (e.name == "log") {
      Ball base;
      acb_log(base.get(), v[0].get(), precision_);
      acb_log(result.get(), v[1].get(), precision_);
      acb_div(result.get(), result.get(), base.get(), precision_);
      return result;
    }
    if (e.name == "abs") {
      acb_abs(acb_realref(result.get()), v[0].get(), precision_);
      return result;
    }
    if (e.name == "factorial" || e.name == "binom") return gamma_like(e, v);
    return real_function(e.name, v);
  }

  /// x! = Gamma(x + 1), and binomials from it; the arguments are bounded first.
  std::optional<Ball> gamma_like(const Expression& e, std::vector<Ball>& v) {
    if (const auto exact = exact_value(e, bindings_, budget_)) return Ball(*exact, precision_);
    mag_t size;
    mag_init(size);
    bool small = true;
    for (const auto& x : v) {
      acb_get_mag(size, x.get());
      small = small && mag_cmp_2exp_si(size, 12) < 0;
    }
    mag_clear(size);
    if (!small) return std::nullopt;
    const auto gamma = [&](const Ball& x) {
      budget_.look();
      Ball shifted, value;
      acb_add_ui(shifted.get(), x.get(), 1, precision_);
      acb_gamma(value.get(), shifted.get(), precision_);
      return value;
    };
    Ball result = gamma(v[0]);
    if (e.name == "binom") {
      Ball rest;
      acb_sub(rest.get(), v[0].get(), v[1].get(), precision_);
      acb_div(result.get(), result.get(), gamma(v[1]).get(), precision_);
      acb_div(result.get(), result.get(), gamma(rest).get(), precision_);
    }
    return result;
  }

  /// Functions of real arguments: floor and ceil only where the ball decides.
  std::optional<Ball> real_function(const std::string& name, const std::vector<Ball>& v) const {
    for (const auto& x : v) {
      if (!x.is_real()) return std::nullopt;
    }
    const auto real = [](const Ball& x) { return acb_realref(x.get()); };
    Ball result;
    if (name == "floor" || name == "ceil") {
      if (name == "floor") {
        arb_floor(acb_realref(result.get()), real(v[0]), precision_);
      } else {
        arb_ceil(acb_realref(result.get()), real(v[0]), precision_);
      }
      return arb_is_exact(real(result)) ? std::optional(result) : std::nullopt;
    }
    if (name == "max" || name == "min") {
      result = v[0];
      for (size_t i = 1; i < v.size(); ++i) {
        if (name == "max") {
          arb_max(acb_realref(result.get()), real(result), real(v[i]), precision_);
        } else {
          arb_min(acb_realref(result.get()), real(result), real(v[i]), precision_);
        }
      }
      return result;
    }
    if (name == "mod") {
      Ball quotient;
      arb_div(acb_realref(quotient.get()), real(v[0]), real(v[1]), precision_);
      if (!quotient.is_finite()) return std::nullopt;
      arb_floor(acb_realref(quotient.get()), real(quotient), precision_);
      if (!arb_is_exact(real(quotient))) return std::nullopt;
      acb_mul(result.get(), quotient.get(), v[1].get(), precision_);
      acb_sub(result.get(), v[0].get(), result.get(), precision_);
      return result;
    }
    return std::nullopt;
  }

  std::optional<Ball> big(const Expression& e) {
    const auto lower = exact_value(*e.args[0], bindings_, budget_);
    const auto upper = exact_value(*e.args[1], bindings_, budget_);
    if (!lower || !upper || !lower->is_integer() || !upper->is_integer() ||
        *upper - *lower > Rational(kMaxTerms)) {
      return std::nullopt;
    }
    Bindings inner = bindings_;
    Ball total(Rational(e.op == Op::sum ? 0 : 1), precision_);
    for (Rational i = *lower; i <= *upper; i = i + Rational(1)) {
      inner[e.name] = i;
      const auto term = Numeric(inner, precision_, budget_).run(*e.args[2]);
      if (!term) return std::nullopt;
      if (e.op == Op::sum) {
        acb_add(total.get(), total.get(), term->get(), precision_);
      } else {
        acb_mul(total.get(), total.get(), term->get(), precision_);
      }
    }
    return total;
  }

  const Bindings& bindings_;
  slong precision_;
  Budget& budget_;
  int in_trigonometric_ = 0;
};

}  // namespace

std::optional<Ball> ball_value(const Expression& e, const Bindings& bindings, slong precision,
                               Budget& budget) {
  budget.spend(10 * precision);  // a sine takes longer than a product
  return Numeric(bindings, precision, budget).run(e);
}

}  // namespace grpo::reward::math
