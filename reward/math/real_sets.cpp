#include "reward/math/real_sets.h"

#include <algorithm>
#include <set>
#include <string>

#include "reward/math/relations.h"

namespace grpo::reward::math {
namespace {

constexpr size_t kMaxPieces = 200;

/// Two ends whose order cannot be decided.
struct Undecided {};

bool is_reals(const Expression& e) { return e.op == Op::symbol && e.name == "mathbb:R"; }

bool is_infinite(const Expression& e) {
  if (e.op == Op::negate) return is_infinite(*e.args[0]);
  return e.op == Op::constant && e.name == "infinity";
}

/// |x + shift| < bound: an interval around -shift, or with > all outside of it.
struct Distance {
  std::string symbol;
  Ref shift, bound;
  bool inside = false, open = false;  // of the interval
};

std::optional<Distance> distance(const Expression& e) {
  if (e.op != Op::relation || e.ops.size() != 1) return std::nullopt;
  const std::string& op = e.ops[0];
  if (op != "<" && op != "<=" && op != ">" && op != ">=") return std::nullopt;
  const bool left = e.args[0]->op == Op::call && e.args[0]->name == "abs";
  const Expression& size = *e.args[left ? 0 : 1];
  const Ref& bound = e.args[left ? 1 : 0];
  if (size.op != Op::call || size.name != "abs") return std::nullopt;
  if (!is_scalar(*bound) || !symbols(*bound).empty()) return std::nullopt;
  Distance result{"", make_number(Rational(0)), bound, (op[0] == '<') == left, false};
  result.open = (op.size() == 1) == result.inside;
  const Expression& inner = *size.args[0];
  if (is_variable(inner)) {
    result.symbol = inner.name;
  } else if (inner.op == Op::add && inner.args.size() == 2 && is_variable(*inner.args[0]) &&
             symbols(*inner.args[1]).empty()) {
    result.symbol = inner.args[0]->name;
    result.shift = inner.args[1];
  } else {
    return std::nullopt;
  }
  return result;
}

bool is_condition(const Expression& e) {
  if (e.op != Op::relation) return false;
  if (distance(e)) return true;
  if (e.ops.size() == 1 && e.ops[0] == "!=") return is_variable(*e.args[0]);
  return as_interval(e).has_value();
}

class Builder {
 public:
  explicit Builder(Budget& budget) : budget_(budget) {}

  RealSet build(const Expression& e) {
    budget_.step();
    switch (e.op) {
      case Op::interval:
        return normal({piece(e)});
      case Op::tuple:
        if (e.args.size() != 2) throw Undecided();
        return normal({open_piece(e)});
      case Op::symbol:
        if (!is_reals(e)) throw Undecided();
        return {Piece{}};
      case Op::set_union:
        return joined(build(*e.args[0]), build(*e.args[1]));
      case Op::intersection:
        return common(build(*e.args[0]), build(*e.args[1]));
      case Op::difference:
        return common(build(*e.args[0]), complement(build(*e.args[1])));
      case Op::relation:
        return condition(e);
      case Op::set:
      case Op::list:
        return listed(e);
      default:
        throw Undecided();
    }
  }

 private:
  RealSet listed(const Expression& e) {
    RealSet all;
    bool conditions = !e.args.empty();
    for (const auto& item : e.args) {
      conditions = conditions && item->op == Op::relation;
      all = joined(std::move(all),
                   is_scalar(*item) && !is_reals(*item) ? RealSet{point(item)} : build(*item));
    }
    const bool everything = all.size() == 1 && !all[0].low && !all[0].high;
    if (!conditions || !everything) return all;
    RealSet both{Piece{}};
    for (const auto& item : e.args) both = common(both, build(*item));
    return both;
  }

  RealSet condition(const Expression& e) {
    if (e.ops.size() == 1 && e.ops[0] == "in") return build(*e.args[1]);
    if (!is_condition(e)) throw Undecided();
    if (e.ops[0] == "!=") return complement({point(e.args[1])});
    if (const auto d = distance(e)) {
      const Ref minus_shift = make(Op::negate, {d->shift});
      const Ref low = make(Op::add, {minus_shift, make(Op::negate, {d->bound})});
      const Ref high = make(Op::add, {minus_shift, d->bound});
      const RealSet around = normal({Piece{low, high, d->open, d->open}});
      return d->inside ? around : complement(around);
    }
    return normal({piece(**as_interval(e))});
  }

  static Piece point(const Ref& value) {
    if (!symbols(*value).empty() || is_infinite(*value)) throw Undecided();
    return {value, value, false, false};
  }

  Piece open_piece(const Expression& e) {
    Expression copy = e;
    copy.left_open = copy.right_open = true;
    return piece(copy);
  }

  Piece piece(const Expression& e) {
    Piece result{e.args[0], e.args[1], e.left_open, e.right_open};
    for (Ref* end : {&result.low, &result.high}) {
      const bool low = end == &result.low;
      if (!is_scalar(**end) || !symbols(**end).empty()) throw Undecided();
      if (!is_infinite(**end)) continue;
      if (((*end)->op == Op::negate) != low) throw Undecided();
      *end = nullptr;
      (low ? result.low_open : result.high_open) = true;
    }
    // (6, 4) is a point and no interval; as the empty set it would equal (9, 1).
    if (is_empty(result)) throw Undecided();
    return result;
  }

  /// The sign of a - b.
  int order(const Ref& a, const Ref& b) {
    if (a == b || canonical(*a) == canonical(*b)) return 0;
    if (const auto x = exact_value(*a, {}, budget_), y = exact_value(*b, {}, budget_); x && y) {
      return (*x - *y).sign();
    }
    for (const slong precision : {128, 512, 2048}) {
      const auto x = ball_value(*a, {}, precision, budget_);
      const auto y = ball_value(*b, {}, precision, budget_);
      if (!x || !y || !x->is_real() || !y->is_real()) throw Undecided();
      if (arb_lt(acb_realref(x->get()), acb_realref(y->get()))) return -1;
      if (arb_gt(acb_realref(x->get()), acb_realref(y->get()))) return 1;
    }
    if (compare_scalars(*a, *b, {}, budget_).equality == Equality::equal) return 0;
    throw Undecided();
  }

  /// Lower ends: -infinity first, then by value, a closed one before an open one.
  int order_low(const Piece& a, const Piece& b) {
    if (!a.low || !b.low) return (a.low ? 1 : 0) - (b.low ? 1 : 0);
    const int sign = order(a.low, b.low);
    return sign != 0 ? sign : int{a.low_open} - int{b.low_open};
  }
  int order_high(const Piece& a, const Piece& b) {
    if (!a.high || !b.high) return (a.high ? 0 : 1) - (b.high ? 0 : 1);
    const int sign = order(a.high, b.high);
    return sign != 0 ? sign : int{b.high_open} - int{a.high_open};
  }

  bool is_empty(const Piece& p) {
    if (!p.low || !p.high) return false;
    const int sign = order(p.low, p.high);
    return sign > 0 || (sign == 0 && (p.low_open || p.high_open));
  }

  /// Whether b, which does not begin before a, overlaps or touches it without a gap.
  bool reaches(const Piece& a, const Piece& b) {
    if (!a.high || !b.low) return true;
    const int sign = order(b.low, a.high);
    return sign < 0 || (sign == 0 && !(a.high_open && b.low_open));
  }

  RealSet normal(RealSet pieces) {
    if (pieces.size() > kMaxPieces) throw Undecided();
    std::erase_if(pieces, [&](const Piece& p) { return is_empty(p); });
    // Insertion, not std::sort: an order that throws or contradicts itself is harmless here.
    for (size_t i = 1; i < pieces.size(); ++i) {
      for (size_t k = i; k > 0 && order_low(pieces[k], pieces[k - 1]) < 0; --k) {
        std::swap(pieces[k], pieces[k - 1]);
      }
    }
    RealSet result;
    for (auto& next : pieces) {
      if (!result.empty() && reaches(result.back(), next)) {
        Piece& last = result.back();
        if (order_high(next, last) > 0) {
          last.high = next.high;
          last.high_open = next.high_open;
        }
      } else {
        result.push_back(std::move(next));
      }
    }
    return result;
  }

  RealSet joined(RealSet a, const RealSet& b) {
    a.insert(a.end(), b.begin(), b.end());
    return normal(std::move(a));
  }

  RealSet common(const RealSet& a, const RealSet& b) {
    RealSet result;
    for (const Piece& x : a) {
      for (const Piece& y : b) {
        const Piece& low = order_low(x, y) >= 0 ? x : y;
        const Piece& high = order_high(x, y) <= 0 ? x : y;
        result.push_back({low.low, high.high, low.low_open, high.high_open});
      }
    }
    return normal(std::move(result));
  }

  RealSet complement(const RealSet& set) {
    RealSet result{Piece{}};
    for (const Piece& p : set) {
      RealSet outside;
      if (p.low) outside.push_back({nullptr, p.low, true, !p.low_open});
      if (p.high) outside.push_back({p.high, nullptr, !p.high_open, true});
      result = common(result, outside);
    }
    return result;
  }

  Budget& budget_;
};

}  // namespace

bool says_real_set(const Expression& e) {
  switch (e.op) {
    case Op::interval:
    case Op::set_union:
    case Op::intersection:
    case Op::difference:
      return true;
    case Op::symbol:
      return is_reals(e);
    case Op::relation:
      return is_condition(e);
    case Op::list:
      return std::all_of(e.args.begin(), e.args.end(), [](const Ref& arg) {
        return arg->op == Op::interval || is_condition(*arg);
      });
    default:
      return false;
  }
}

namespace {

void add_symbols(const Expression& e, std::set<std::string>& names) {
  if (const auto d = distance(e)) {
    names.insert(d->symbol);
  } else if (e.op == Op::relation) {
    for (const auto& arg : e.args) {
      if (is_variable(*arg) && !is_reals(*arg)) names.insert(arg->name);
    }
  } else {
    for (const auto& arg : e.args) add_symbols(*arg, names);
  }
}

}  // namespace

std::optional<RealSet> real_set(const Expression& e, Budget& budget) {
  std::set<std::string> names;
  add_symbols(e, names);
  if (names.size() > 1) return std::nullopt;  // x < 1 or y > 2
  try {
    return Builder(budget).build(e);
  } catch (const Undecided&) {
    return std::nullopt;
  }
}

std::string set_symbol(const Expression& e) {
  std::set<std::string> names;
  add_symbols(e, names);
  return names.empty() ? "" : *names.begin();
}

Equality compare_sets(const RealSet& a, const RealSet& b, const MathOptions& options,
                      Budget& budget) {
  if (a.size() != b.size()) return Equality::different;
  Equality result = Equality::equal;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].low_open != b[i].low_open || a[i].high_open != b[i].high_open) {
      return Equality::different;
    }
    for (const auto& [x, y] : {std::pair(a[i].low, b[i].low), std::pair(a[i].high, b[i].high)}) {
      if (!x != !y) return Equality::different;
      if (!x) continue;
      const auto ends = compare_scalars(*x, *y, options, budget).equality;
      if (ends == Equality::different) return ends;
      if (ends == Equality::undecided) result = ends;
    }
  }
  return result;
}

}  // namespace grpo::reward::math
