#include "reward/math/compare.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "reward/math/normalize.h"
#include "reward/math/real_sets.h"
#include "reward/math/relations.h"
#include "reward/math/units.h"

namespace grpo::reward::math {
namespace {

constexpr size_t kMaxItems = 200;

bool is_collection(const Expression& e) {
  return e.op == Op::list || e.op == Op::set || e.op == Op::tuple;
}

bool is_vector(const Expression& e) {
  return e.op == Op::matrix && (e.rows == 1 || e.rows == e.args.size());
}

/// A value that may mean an angle in radians: one with pi, or of an inverse function.
bool may_be_radians(const Expression& e) {
  const auto text = canonical(e);
  return text.find("pi") != std::string::npos || text.find("arc") != std::string::npos;
}

Ref in_radians(const Ref& degrees) {
  return make(Op::divide, {make(Op::multiply, {degrees, make(Op::constant, {}, "pi")}),
                           make_number(Rational(180))});
}

Ref without_mark(const Ref& e) {
  return e->op == Op::percent || e->op == Op::degree ? e->args[0] : e;
}

class Comparer {
 public:
  Comparer(const MathOptions& options, Budget& budget) : options_(options), budget_(budget) {}

  Comparison run(const Ref& first, const Ref& second) {
    budget_.step();
    if (canonical(*first) == canonical(*second)) return {Equality::equal, "structure"};
    const Ref a = said_in_words(first), b = said_in_words(second);
    if (contains(*a, Op::plus_minus) || contains(*b, Op::plus_minus)) return plus_minus(a, b);
    if (says_real_set(*a) || says_real_set(*b)) {
      if (const auto result = as_sets(*a, *b)) return {*result, "set"};
    }
    if (a->op == Op::relation || b->op == Op::relation) return relation(a, b);
    if (a->op == Op::text || b->op == Op::text) return words(*a, *b);
    if (a->op == Op::set_union || b->op == Op::set_union) return unions(a, b);
    if (a->op == Op::interval || b->op == Op::interval) return interval(a, b);
    if (a->op == Op::matrix || b->op == Op::matrix || contains(*a, Op::matrix) ||
        contains(*b, Op::matrix)) {
      return matrices(a, b);
    }
    if (is_collection(*a) || is_collection(*b)) return collections(a, b);
    if (a->op == Op::ratio || b->op == Op::ratio) return ratio(a, b);
    if (a->op == Op::intersection || a->op == Op::difference) {
      if (a->op != b->op) return {Equality::different, "shape"};
      return in_order(a->args, b->args);
    }
    if (!is_scalar(*a) || !is_scalar(*b)) return {Equality::different, "shape"};
    return scalar(a, b);
  }

 private:
  Comparison plus_minus(const Ref& a, const Ref& b) {
    const auto items = [](const Ref& e) {
      const bool many = e->op == Op::list || e->op == Op::set;
      return both_signs(many ? e->args : std::vector<Ref>{e});
    };
    if (a->op == Op::relation) {
      if (const auto value = value_of(*a)) return run(*value, b);
    }
    if (b->op == Op::relation) {
      if (const auto value = value_of(*b)) return run(a, *value);
    }
    return any_order(items(a), items(b));
  }

  /// Both sides as sets of reals, when at least one of them says one and both can be read so.
  std::optional<Equality> as_sets(const Expression& a, const Expression& b) {
    const std::string x = set_symbol(a), y = set_symbol(b);
    if (!x.empty() && !y.empty() && x != y) return std::nullopt;
    const auto p = real_set(a, budget_);
    const auto q = p ? real_set(b, budget_) : std::nullopt;
    if (!p || !q) return std::nullopt;
    return compare_sets(*p, *q, options_, budget_);
  }

  /// Nothing but equations that begin with a name.
  static bool says_names(const Expression& e) {
    return e.op != Op::relation && !e.args.empty() &&
           std::all_of(e.args.begin(), e.args.end(), [](const Ref& arg) {
             return arg->op == Op::relation && arg->ops[0] == "=" && is_name(*arg->args[0]);
           });
  }

  Comparison relation(const Ref& a, const Ref& b) {
    const auto spread_a = spread(a), spread_b = spread(b);
    if (spread_a || spread_b) {
      const Ref x = spread_a.value_or(a), y = spread_b.value_or(b);
      if (says_names(*x) && says_names(*y)) return any_order(x->args, y->args);
    }
    if (a->op == Op::relation && b->op == Op::relation) {
      if (a->ops == b->ops && a->ops[0] == "in" && is_variable(*a->args[0]) &&
          is_variable(*b->args[0]) && a->args[0]->name != b->args[0]->name) {
        return {Equality::different, "name"};
      }
      const auto x = value_of(*a), y = value_of(*b);
      if (x && y && !is_scalar(**x) && !is_scalar(**y)) return run(*x, *y);
      if (x && y && moduli_differ(*x, *y)) return {Equality::different, "modulus"};
      const auto p = as_interval(*a), q = as_interval(*b);
      if (p && y && a->ops != b->ops) return run(*p, *y);
      if (q && x && a->ops != b->ops) return run(*x, *q);
      return compare_relations(*a, *b, options_, budget_);
    }
    const bool first = a->op == Op::relation;
    const Ref& one = first ? a : b;
    const Ref& other = first ? b : a;
    if (other->op == Op::list || other->op == Op::set_union || other->op == Op::interval ||
        other->op == Op::tuple) {
      if (const auto range = as_interval(*one)) {
        return first ? run(*range, open_interval(other)) : run(open_interval(other), *range);
      }
    }
    const auto value = value_of(*one);
    if (!value) return {Equality::different, "shape"};
    return first ? run(*value, other) : run(other, *value);
  }

  /// 3:4 is 6:8 and the quotient 3/4; with a zero at the end (12:00) or units only itself.
  Comparison ratio(const Ref& a, const Ref& b) {
    const auto parts = [](const Ref& e) {
      return e->op == Op::ratio ? e->args : std::vector<Ref>{e, make_number(Rational(1))};
    };
    const auto x = parts(a), y = parts(b);
    if (a->op == b->op) {
      auto same = in_order(x, y);
      if (same.equality == Equality::equal) return same;
    }
    if (x.size() != y.size() || contains(*a, Op::quantity) || contains(*b, Op::quantity)) {
      return {Equality::different, "ratio"};
    }
    for (size_t i = 0; i + 1 < x.size(); ++i) {
      for (const auto* part : {&x[i], &x.back(), &y[i], &y.back()}) {
        if (!is_scalar(**part)) return {Equality::different, "ratio"};
      }
      const Ref p = make(Op::divide, {x[i], x.back()}), q = make(Op::divide, {y[i], y.back()});
      if (compare_scalars(*p, *q, options_, budget_).equality != Equality::equal) {
        return {Equality::different, "ratio"};
      }
    }
    return {Equality::equal, "ratio"};
  }

  static Comparison words(const Expression& a, const Expression& b) {
    const auto x = as_word(a), y = as_word(b);
    if (!x || !y) return {Equality::different, "text"};
    // Letters that may be variables keep their case.
    const bool both_text = a.op == Op::text && b.op == Op::text;
    const bool same = both_text ? plain_word(*x) == plain_word(*y) : *x == *y;
    return {same ? Equality::equal : Equality::different, "text"};
  }

  /// A pair or a condition as the interval it is where intervals are meant.
  static Ref open_interval(const Ref& e) {
    if (e->op == Op::relation) {
      if (const auto interval = as_interval(*e)) return *interval;
    }
    if (e->op != Op::tuple || e->args.size() != 2) return e;
    Expression interval;
    interval.op = Op::interval;
    interval.args = e->args;
    interval.left_open = interval.right_open = true;
    return std::make_shared<const Expression>(std::move(interval));
  }

  static void flatten_union(const Ref& e, std::vector<Ref>& parts) {
    if (e->op == Op::set_union || e->op == Op::list) {  // a list: "x < 1 or x > 3"
      for (const auto& arg : e->args) flatten_union(arg, parts);
    } else {
      parts.push_back(open_interval(e));
    }
  }

  /// Unions with ends that are not numbers: part by part.
  Comparison unions(const Ref& a, const Ref& b) {
    std::vector<Ref> x, y;
    flatten_union(a, x);
    flatten_union(b, y);
    return any_order(x, y);
  }

  Comparison interval(const Ref& a, const Ref& b) {
    const Ref x = open_interval(a), y = open_interval(b);
    if (x->op != Op::interval || y->op != Op::interval || x->left_open != y->left_open ||
        x->right_open != y->right_open) {
      return {Equality::different, "interval"};
    }
    return in_order(x->args, y->args);
  }

  /// Matrices entry by entry; a row or column is also the tuple of its entries.
  Comparison matrices(const Ref& a, const Ref& b) {
    const auto x = as_matrix(a), y = as_matrix(b);
    if (x && y) {
      if ((*x)->rows != (*y)->rows) return {Equality::different, "shape"};
      return in_order((*x)->args, (*y)->args);
    }
    if (x && b->op == Op::tuple && is_vector(**x)) return in_order((*x)->args, b->args);
    if (y && a->op == Op::tuple && is_vector(**y)) return in_order(a->args, (*y)->args);
    if (!is_collection(*a) || !is_collection(*b)) return {Equality::different, "shape"};
    return collections(a, b);
  }

  Comparison collections(const Ref& a, const Ref& b) {
    // A set of one is its element: the solution of an equation is written both ways.
    if (a->op == Op::set && a->args.size() == 1 && is_scalar(*b)) return run(a->args[0], b);
    if (b->op == Op::set && b->args.size() == 1 && is_scalar(*a)) return run(a, b->args[0]);
    if (!is_collection(*a) || !is_collection(*b)) return {Equality::different, "shape"};
    const bool tuples = a->op == Op::tuple || b->op == Op::tuple;
    auto x = both_signs(a->args), y = both_signs(b->args);
    return tuples ? in_order(x, y) : any_order(x, y);
  }

  Comparison in_order(const std::vector<Ref>& a, const std::vector<Ref>& b) {
    if (a.size() != b.size()) return {Equality::different, "size"};
    Comparison result{Equality::equal, "elements"};
    for (size_t i = 0; i < a.size(); ++i) {
      const auto one = run(a[i], b[i]);
      if (one.equality == Equality::different) return {Equality::different, "elements"};
      if (one.equality == Equality::undecided) result = one;
    }
    return result;
  }

  /// Lists are sets: what is written twice counts once. By spelling.
  static std::map<std::string, Ref> distinct(const std::vector<Ref>& items) {
    std::map<std::string, Ref> result;
    for (const auto& item : items) result.emplace(canonical(*item), item);
    return result;
  }

  /// The items that the other side does not have in the same spelling.
  static std::vector<Ref> rest_of(const std::map<std::string, Ref>& items,
                                  const std::map<std::string, Ref>& other) {
    std::vector<Ref> rest;
    for (const auto& [spelling, item] : items) {
      if (!other.contains(spelling)) rest.push_back(item);
    }
    return rest;
  }

  Comparison any_order(const std::vector<Ref>& all_a, const std::vector<Ref>& all_b) {
    const auto distinct_a = distinct(all_a), distinct_b = distinct(all_b);
    if (distinct_a.size() != distinct_b.size()) return {Equality::different, "size"};
    const auto a = rest_of(distinct_a, distinct_b);
    auto b = rest_of(distinct_b, distinct_a);
    if (a.size() > kMaxItems) return {Equality::undecided, "limit"};
    Comparison result{Equality::equal, "elements"};
    for (const auto& item : a) {
      bool undecided = false;
      const auto match = std::find_if(b.begin(), b.end(), [&](const Ref& other) {
        const auto one = run(item, other);
        undecided = undecided || one.equality == Equality::undecided;
        return one.equality == Equality::equal;
      });
      if (match == b.end()) {
        return {undecided ? Equality::undecided : Equality::different, "elements"};
      }
      b.erase(match);
    }
    return result;
  }

  /// Units: on one side only, they are left out; different kinds are different values; of one
  /// kind, both are converted exactly.
  Comparison quantities(const Ref& a, const Ref& b) {
    const auto value = [](const Ref& e) { return e->op == Op::quantity ? e->args[0] : e; };
    auto p = as_quantity(a), q = as_quantity(b);
    if (!p || !q) {
      const Ref& bare = p ? b : a;
      const std::string& unit = (p ? *p : *q)->name;
      const bool temperature = unit == "celsius" || unit == "fahrenheit";
      if (bare->op == Op::degree && temperature) {
        return run(without_mark(value(a)), without_mark(value(b)));
      }
      if (bare->op == Op::degree || bare->op == Op::percent) return {Equality::different, "unit"};
      return run(value(a), value(b));
    }
    const auto x = parse_unit((*p)->name), y = parse_unit((*q)->name);
    if (!x || !y || !x->same_kind(*y)) return {Equality::different, "unit"};
    const auto converted = [](const Ref& e, const Unit& unit) {
      if (unit.factor == Rational(1)) return e->args[0];
      return make(Op::multiply, {e->args[0], make_number(unit.factor)});
    };
    if (x->factor == y->factor) return run((*p)->args[0], (*q)->args[0]);
    return run(converted(*p, *x), converted(*q, *y));
  }

  /// 7 mod 10 against 7 is its value; two of them have the same modulus as well.
  bool moduli_differ(const Ref& a, const Ref& b) {
    const auto is_modulo = [](const Ref& e) { return e->op == Op::call && e->name == "mod"; };
    return is_modulo(a) && is_modulo(b) && run(a->args[1], b->args[1]).equality != Equality::equal;
  }

  Comparison scalar(const Ref& a, const Ref& b) {
    if (moduli_differ(a, b)) return {Equality::different, "modulus"};
    if (a->op == Op::quantity || b->op == Op::quantity) return quantities(a, b);
    if (a->name != b->name && a->op == Op::number && b->op == Op::number) {
      return {Equality::different, "base"};
    }
    if ((a->op == Op::degree && b->op == Op::percent) ||
        (a->op == Op::percent && b->op == Op::degree)) {
      return {Equality::different, "unit"};
    }
    if (a->op == Op::degree || b->op == Op::degree) {
      auto result = run(without_mark(a), without_mark(b));
      if (result.equality == Equality::equal || a->op == b->op) return result;
      if (a->op == Op::degree && may_be_radians(*b)) return run(in_radians(without_mark(a)), b);
      if (b->op == Op::degree && may_be_radians(*a)) return run(a, in_radians(without_mark(b)));
      return result;
    }
    if (a->op == Op::percent || b->op == Op::percent) {
      auto bare = compare_scalars(*without_mark(a), *without_mark(b), options_, budget_);
      if (bare.equality == Equality::equal || a->op == b->op) return bare;
      auto whole = compare_scalars(*a, *b, options_, budget_);
      whole.reason = "percent";
      return whole;
    }
    // Infinity has no number: it equals itself only, which the spelling has decided.
    const auto infinite = [](const Expression& e) {
      return canonical(e).find("infinity") != std::string::npos;
    };
    if (infinite(*a) || infinite(*b)) return {Equality::different, "infinity"};
    return compare_scalars(*a, *b, options_, budget_);
  }

  const MathOptions& options_;
  Budget& budget_;
};

/// Whether a reference says a set and the answer only a condition: graders differ about those.
bool condition_for_set(const Expression& gold, const Expression& answer) {
  if (answer.op != Op::relation || answer.ops[0] == "in" || !says_real_set(answer)) return false;
  return gold.op == Op::relation ? gold.ops[0] == "in" : says_real_set(gold) || gold.op == Op::set;
}

}  // namespace

Comparison compare_trees(const Ref& gold, const Ref& answer, const MathOptions& options,
                         Budget& budget) {
  if (!options.condition_is_set && condition_for_set(*gold, *answer)) {
    return {Equality::different, "condition"};
  }
  return Comparer(options, budget).run(gold, answer);
}

}  // namespace grpo::reward::math
