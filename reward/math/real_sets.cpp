#include "reward/math/real_sets.h"

#include <algorithm>

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

bool is_condition(const Expression& e) {
  if (e.op != Op::relation) return false;
  if (e.ops.size() == 1 && e.ops[0] == "!=") return e.args[0]->op == Op::symbol;
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
    return normal({piece(**as_interval(e))});
  }

  static Piece point(const Ref& value) {
    if (!symbols(*value).empty() || is_infinite(*value)) throw Undecided();
    return {value, value, false, false};
  }

  static Piece open_piece(const Expression& e) {
    Expression copy = e;
    copy.left_open = copy.right_open = true;
    return piece(copy);
  }

  static Piece piece(const Expression& e) {
    Piece result{e.args[0], e.args[1], e.left_open, e.right_open};
    for (Ref* end : {&result.low, &result.high}) {
      const bool low = end == &result.low;
      if (!is_scalar(**end) || !symbols(**end).empty()) throw Undecided();
      if (!is_infinite(**end)) continue;
      if (((*end)->op == Op::negate) != low) throw Undecided();
      *end = nullptr;
      (low ? result.low_open : result.high_open) = true;
    }
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

std::optional<RealSet> real_set(const Expression& e, Budget& budget) {
  try {
    return Builder(budget).build(e);
  } catch (const Undecided&) {
    return std::nullopt;
  }
}

std::string set_symbol(const Expression& e) {
  if (e.op == Op::relation) {
    for (const auto& arg : e.args) {
      if (arg->op == Op::symbol) return arg->name;
    }
  }
  if (e.op == Op::list && !e.args.empty()) return set_symbol(*e.args[0]);
  return "";
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
