#include "reward/math/normalize.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "reward/ascii.h"
#include "reward/math/units.h"

namespace grpo::reward::math {
namespace {

Ref reals() { return make(Op::symbol, {}, "mathbb:R"); }

/// "m", "s^2": a unit letter with its power, as a phrase.
std::optional<std::string> unit_letter(const Expression& e) {
  if (e.op == Op::symbol && is_unit_letter(e.name)) return e.name;
  if (e.op != Op::power || e.args[1]->op != Op::number) return std::nullopt;
  const auto base = unit_letter(*e.args[0]);
  if (!base) return std::nullopt;
  return *base + "^" + e.args[1]->number.text();
}

}  // namespace

Ref said_in_words(const Ref& e) {
  if (e->op != Op::text) return e;
  static const std::unordered_map<std::string, bool> phrases{
      {"all real numbers", true},    {"all reals", true},    {"real numbers", true},
      {"set of real numbers", true}, {"no solution", false}, {"no solutions", false},
      {"empty set", false}};
  const auto found = phrases.find(plain_word(e->name));
  if (found == phrases.end()) return e;
  return found->second ? reals() : make(Op::set);
}

std::optional<std::string> as_word(const Expression& e) {
  if (e.op == Op::text) return e.name;
  if (e.op != Op::multiply) return std::nullopt;
  std::string word;
  for (const auto& arg : e.args) {
    const bool letter = (arg->op == Op::symbol || arg->op == Op::constant) && arg->name.size() == 1;
    if (!letter) return std::nullopt;
    word += arg->name;
  }
  return word;
}

std::string plain_word(std::string_view text) {
  std::string word = lowered(text);
  for (const std::string_view article : {"a ", "an ", "the "}) {
    if (word.starts_with(article)) return word.substr(article.size());
  }
  return word;
}

std::optional<Ref> as_matrix(const Ref& e) {
  if (e->op == Op::matrix) return e;
  if (!contains(*e, Op::matrix)) return std::nullopt;
  const auto each = [](const Ref& matrix, const auto& make_entry) {
    Expression copy = *matrix;
    for (auto& entry : copy.args) entry = make_entry(entry);
    return std::make_shared<const Expression>(std::move(copy));
  };
  if (e->op == Op::negate) {
    const auto inner = as_matrix(e->args[0]);
    if (!inner) return std::nullopt;
    return each(*inner, [](const Ref& entry) { return make(Op::negate, {entry}); });
  }
  if (e->op == Op::divide) {
    const auto inner = as_matrix(e->args[0]);
    if (!inner || !is_scalar(*e->args[1])) return std::nullopt;
    return each(*inner, [&](const Ref& entry) { return make(Op::divide, {entry, e->args[1]}); });
  }
  if (e->op == Op::multiply) {
    std::optional<Ref> matrix;
    std::vector<Ref> scalars;
    for (const auto& arg : e->args) {
      if (is_scalar(*arg)) {
        scalars.push_back(arg);
      } else if (matrix || !(matrix = as_matrix(arg))) {
        return std::nullopt;
      }
    }
    if (!matrix) return std::nullopt;
    return each(*matrix, [&](const Ref& entry) {
      auto factors = scalars;
      factors.push_back(entry);
      return make(Op::multiply, std::move(factors));
    });
  }
  if (e->op != Op::add) return std::nullopt;
  std::optional<Ref> total;
  for (const auto& arg : e->args) {
    const auto term = as_matrix(arg);
    if (!term) return std::nullopt;
    if (!total) {
      total = term;
      continue;
    }
    if ((*total)->rows != (*term)->rows || (*total)->args.size() != (*term)->args.size()) {
      return std::nullopt;
    }
    size_t i = 0;
    total = each(*total, [&](const Ref& entry) {
      return make(Op::add, {entry, (*term)->args[i++]});
    });
  }
  return total;
}

std::optional<Ref> as_quantity(const Ref& e) {
  if (e->op == Op::quantity) return e;
  if (e->op == Op::divide) {
    const auto below = unit_letter(*e->args[1]);
    const auto above = below ? as_quantity(e->args[0]) : std::nullopt;
    if (!above) return std::nullopt;
    return make(Op::quantity, (*above)->args, (*above)->name + "/" + *below);
  }
  if (e->op != Op::multiply) return std::nullopt;
  const auto unit = unit_letter(*e->args.back());
  if (!unit) return std::nullopt;
  std::vector<Ref> rest(e->args.begin(), e->args.end() - 1);
  Ref value = rest.size() == 1 ? rest[0] : make(Op::multiply, std::move(rest));
  if (!symbols(*value).empty()) return std::nullopt;
  return make(Op::quantity, {std::move(value)}, *unit);
}

std::optional<Ref> spread(const Ref& e) {
  const bool equation = e->op == Op::relation && e->ops.size() == 1 && e->ops[0] == "=";
  if (!equation || e->args[0]->op != Op::tuple || e->args[1]->op != Op::tuple) return std::nullopt;
  const auto &names = e->args[0]->args, &values = e->args[1]->args;
  if (names.size() != values.size()) return std::nullopt;
  std::vector<Ref> equations;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i]->op != Op::symbol) return std::nullopt;
    Expression equation_i;
    equation_i.op = Op::relation;
    equation_i.ops = {"="};
    equation_i.args = {names[i], values[i]};
    equations.push_back(std::make_shared<const Expression>(std::move(equation_i)));
  }
  return make(Op::list, std::move(equations));
}

Ref with_sign(const Ref& e, bool plus) {
  if (e->op == Op::plus_minus) {
    const Ref last = with_sign(e->args.back(), plus);
    const Ref term = plus ? last : make(Op::negate, {last});
    return e->args.size() == 1 ? term : make(Op::add, {with_sign(e->args[0], plus), term});
  }
  if (!contains(*e, Op::plus_minus)) return e;
  Expression copy = *e;
  for (auto& arg : copy.args) arg = with_sign(arg, plus);
  return std::make_shared<const Expression>(std::move(copy));
}

std::vector<Ref> both_signs(const std::vector<Ref>& items) {
  std::vector<Ref> result;
  for (const auto& item : items) {
    if (contains(*item, Op::plus_minus)) {
      result.push_back(with_sign(item, true));
      result.push_back(with_sign(item, false));
    } else {
      result.push_back(item);
    }
  }
  return result;
}

}  // namespace grpo::reward::math
