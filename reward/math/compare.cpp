#include "reward/math/compare.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <unordered_set>
#include <vector>

#include "reward/math/relations.h"

namespace grpo::reward::math {
namespace {

constexpr size_t kMaxItems = 200;

std::string lowered(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return text;
}

bool is_collection(const Expression& e) {
  return e.op == Op::list || e.op == Op::set || e.op == Op::tuple;
}

/// The tree with every ± read as + or as -.
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

/// Items of a list or set with every ± item made two.
std::vector<Ref> expanded(const std::vector<Ref>& items) {
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

bool is_reals(const Expression& e) { return e.op == Op::symbol && e.name == "mathbb:R"; }

/// (a, b) as an open interval where intervals are meant.
Ref open_interval(const Ref& e) {
  if (e->op == Op::relation) {
    if (const auto interval = as_interval(*e)) return *interval;
  }
  Expression interval;
  interval.op = Op::interval;
  if (is_reals(*e)) {
    const auto infinity = make(Op::constant, {}, "infinity");
    interval.args = {make(Op::negate, {infinity}), infinity};
  } else if (e->op == Op::tuple && e->args.size() == 2) {
    interval.args = e->args;
  } else {
    return e;
  }
  interval.left_open = interval.right_open = true;
  return std::make_shared<const Expression>(std::move(interval));
}

void flatten_union(const Ref& e, std::vector<Ref>& parts) {
  if (e->op == Op::set_union) {
    for (const auto& arg : e->args) flatten_union(arg, parts);
  } else {
    parts.push_back(open_interval(e));
  }
}

class Comparer {
 public:
  Comparer(const MathOptions& options, Budget& budget) : options_(options), budget_(budget) {}

  Comparison run(const Ref& a, const Ref& b) {
    budget_.step();
    if (canonical(*a) == canonical(*b)) return {Equality::equal, "structure"};
    if (contains(*a, Op::plus_minus) || contains(*b, Op::plus_minus)) return plus_minus(a, b);
    if (a->op == Op::relation || b->op == Op::relation) return relation(a, b);
    if (a->op == Op::text || b->op == Op::text) return words(*a, *b);
    if (a->op == Op::set_union || b->op == Op::set_union) return unions(a, b);
    if (a->op == Op::interval || b->op == Op::interval || is_reals(*a) || is_reals(*b)) {
      return interval(a, b);
    }
    if (is_collection(*a) || is_collection(*b)) return collections(*a, *b);
    if (a->op == Op::ratio || b->op == Op::ratio) return ratio(a, b);
    if (a->op == Op::matrix || b->op == Op::matrix || a->op == Op::intersection ||
        a->op == Op::difference) {
      if (a->op != b->op || a->rows != b->rows) return {Equality::different, "shape"};
      return in_order(a->args, b->args);
    }
    if (!is_scalar(*a) || !is_scalar(*b)) return {Equality::different, "shape"};
    return scalar(a, b);
  }

 private:
  Comparison plus_minus(const Ref& a, const Ref& b) {
    const auto items = [](const Ref& e) {
      const bool many = e->op == Op::list || e->op == Op::set;
      return expanded(many ? e->args : std::vector<Ref>{e});
    };
    if (a->op == Op::relation && !is_collection(*a)) {
      if (const auto value = value_of(*a)) return run(*value, b);
    }
    if (b->op == Op::relation && !is_collection(*b)) {
      if (const auto value = value_of(*b)) return run(a, *value);
    }
    return any_order(items(a), items(b));
  }

  Comparison relation(const Ref& a, const Ref& b) {
    if (a->op == Op::relation && b->op == Op::relation) {
      // x in S against an inequality, and sets written after names.
      const auto x = value_of(*a), y = value_of(*b);
      if (x && y && !is_scalar(**x) && !is_scalar(**y)) return run(*x, *y);
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

  /// 3:4 is 6:8 and the quotient 3/4; with a zero in it (12:00) only itself.
  Comparison ratio(const Ref& a, const Ref& b) {
    const auto quotient = [](const Ref& e) -> std::optional<Ref> {
      if (e->op != Op::ratio) return is_scalar(*e) ? std::optional(e) : std::nullopt;
      if (e->args.size() != 2 || !is_scalar(*e->args[0]) || !is_scalar(*e->args[1])) {
        return std::nullopt;
      }
      return make(Op::divide, e->args);
    };
    if (a->op == b->op) {
      const auto same = in_order(a->args, b->args);
      if (same.equality == Equality::equal) return same;
    }
    const auto x = quotient(a), y = quotient(b);
    if (!x || !y) return {Equality::different, "ratio"};
    const auto result = compare_scalars(**x, **y, options_, budget_);
    return {result.equality == Equality::equal ? Equality::equal : Equality::different, "ratio"};
  }

  static Comparison words(const Expression& a, const Expression& b) {
    if (a.op != Op::text || b.op != Op::text) return {Equality::different, "text"};
    return {lowered(a.name) == lowered(b.name) ? Equality::equal : Equality::different, "text"};
  }

  Comparison unions(const Ref& a, const Ref& b) {
    std::vector<Ref> x, y;
    const auto parts = [](const Ref& e, std::vector<Ref>& result) {
      if (e->op == Op::list) {  // "x < 1 or x > 3"
        for (const auto& item : e->args) result.push_back(open_interval(item));
      } else {
        flatten_union(e, result);
      }
    };
    parts(a, x);
    parts(b, y);
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

  Comparison collections(const Expression& a, const Expression& b) {
    if (!is_collection(a) || !is_collection(b)) {
      return {Equality::different, "shape"};
    }
    const bool tuples = a.op == Op::tuple || b.op == Op::tuple;
    auto x = expanded(a.args), y = expanded(b.args);
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

  /// Lists are sets: what is written twice counts once.
  static std::vector<Ref> distinct(const std::vector<Ref>& items) {
    std::vector<Ref> result;
    std::unordered_set<std::string> seen;
    for (const auto& item : items) {
      if (seen.insert(canonical(*item)).second) result.push_back(item);
    }
    return result;
  }

  Comparison any_order(const std::vector<Ref>& all_a, const std::vector<Ref>& all_b) {
    const auto a = distinct(all_a);
    auto b = distinct(all_b);
    if (a.size() != b.size()) return {Equality::different, "size"};
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

  Comparison scalar(const Ref& a, const Ref& b) {
    const auto strip = [](const Ref& e) {
      return e->op == Op::percent || e->op == Op::degree ? e->args[0] : e;
    };
    if (a->name != b->name && a->op == Op::number && b->op == Op::number) {
      return {Equality::different, "base"};
    }
    if ((a->op == Op::degree && b->op == Op::percent) ||
        (a->op == Op::percent && b->op == Op::degree)) {
      return {Equality::different, "unit"};
    }
    if (a->op == Op::degree || b->op == Op::degree) {
      auto result = run(strip(a), strip(b));
      // 60 degrees is also pi/3, which only a value with pi can mean.
      if (result.equality != Equality::equal && a->op != b->op) {
        const auto radians = [&](const Ref& e) {
          return make(Op::divide, {make(Op::multiply, {strip(e), make(Op::constant, {}, "pi")}),
                                   make_number(Rational(180))});
        };
        const auto has_pi = [](const Ref& e) {
          return canonical(*e).find("pi") != std::string::npos;
        };
        if (a->op == Op::degree && has_pi(b)) return run(radians(a), b);
        if (b->op == Op::degree && has_pi(a)) return run(a, radians(b));
      }
      return result;
    }
    if (a->op == Op::percent || b->op == Op::percent) {
      const auto bare = compare_scalars(*strip(a), *strip(b), options_, budget_);
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

}  // namespace

Comparison compare_trees(const Ref& gold, const Ref& answer, const MathOptions& options,
                         Budget& budget) {
  return Comparer(options, budget).run(gold, answer);
}

}  // namespace grpo::reward::math
