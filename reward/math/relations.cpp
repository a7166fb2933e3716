#include "reward/math/relations.h"

#include <algorithm>
#include <vector>

namespace grpo::reward::math {
namespace {

Ref minus(const Ref& a, const Ref& b) { return make(Op::add, {a, make(Op::negate, {b})}); }

bool is_equation(const Expression& relation) {
  return std::all_of(relation.ops.begin(), relation.ops.end(),
                     [](const std::string& op) { return op == "=" || op == "~"; });
}

bool is_inequality(const Expression& relation) {
  return std::all_of(relation.ops.begin(), relation.ops.end(), [](const std::string& op) {
    return op == "<" || op == ">" || op == "<=" || op == ">=";
  });
}

/// f < 0, f <= 0 or f != 0.
struct Comparand {
  Ref f;
  std::string op;
};

std::vector<Comparand> comparands(const Expression& relation) {
  std::vector<Comparand> result;
  for (size_t i = 0; i < relation.ops.size(); ++i) {
    const Ref &left = relation.args[i], &right = relation.args[i + 1];
    const std::string& op = relation.ops[i];
    if (op == ">" || op == ">=") {
      result.push_back({minus(right, left), op == ">" ? "<" : "<="});
    } else {
      result.push_back({minus(left, right), op});
    }
  }
  return result;
}

/// f(x), f^{-1}(x): a function's name and its arguments.
bool is_applied(const Expression& e) { return e.applied; }

/// AB, \\angle ABC, m\\angle A, \\Delta p: letters that together name a thing of a figure.
bool is_joint_name(const Expression& e) {
  if (e.op != Op::multiply) return false;
  bool capitals = true, marked = false;
  for (const auto& arg : e.args) {
    if (arg->op != Op::symbol) return false;
    capitals = capitals && arg->name.size() == 1 && arg->name[0] >= 'A' && arg->name[0] <= 'Z';
    marked = marked || arg->name == "angle" || arg->name == "triangle" || arg->name == "Delta";
  }
  return capitals || marked;
}

Ref infinity() { return make(Op::constant, {}, "infinity"); }

}  // namespace

bool is_name(const Expression& e) {
  const auto all = [&] {
    return std::all_of(e.args.begin(), e.args.end(), [](const Ref& arg) { return is_name(*arg); });
  };
  switch (e.op) {
    case Op::symbol:
    case Op::text:
      return true;
    case Op::multiply:
      return is_applied(e) || is_joint_name(e);
    case Op::ratio:
    case Op::tuple:
      return all();
    case Op::call:  // \\cos\\theta, |AB|
      return e.name != "factorial" && e.name != "binom" && all();
    default:
      return false;
  }
}

std::optional<Ref> value_of(const Expression& relation) {
  if (relation.ops.size() == 1 && relation.ops[0] == "in") return relation.args[1];
  if (!is_equation(relation)) return std::nullopt;
  // What comes after ~ only illustrates, unless all that stands before it is a name.
  size_t last = relation.args.size() - 1;
  for (size_t i = 0; i < relation.ops.size(); ++i) {
    if (relation.ops[i] == "~" && !(i == 0 && is_name(*relation.args[0]))) {
      last = i;
      break;
    }
  }
  const bool named = is_name(*relation.args[0]);
  const bool closed =
      symbols(*relation.args[0]).empty() || last == 0 || relation.args[0]->op == Op::opaque;
  if (!named && !closed && last < 2) return std::nullopt;
  if (named && last == 0) return std::nullopt;
  return relation.args[last];
}

std::optional<Ref> as_interval(const Expression& relation) {
  if (!is_inequality(relation)) return std::nullopt;
  Expression e;
  e.op = Op::interval;
  const auto open = [](const std::string& op) { return op == "<" || op == ">"; };
  const auto down = [](const std::string& op) { return op == ">" || op == ">="; };
  if (relation.ops.size() == 2 && is_variable(*relation.args[1]) &&
      down(relation.ops[0]) == down(relation.ops[1])) {
    const bool turned = down(relation.ops[0]);
    e.args = {relation.args[turned ? 2 : 0], relation.args[turned ? 0 : 2]};
    e.left_open = open(relation.ops[turned ? 1 : 0]);
    e.right_open = open(relation.ops[turned ? 0 : 1]);
    return std::make_shared<const Expression>(std::move(e));
  }
  if (relation.ops.size() != 1) return std::nullopt;
  const bool symbol_left = is_variable(*relation.args[0]);
  if (!symbol_left && !is_variable(*relation.args[1])) return std::nullopt;
  const Ref& bound = relation.args[symbol_left ? 1 : 0];
  const bool above = down(relation.ops[0]) == symbol_left;  // the symbol is above the bound
  e.left_open = !above || open(relation.ops[0]);
  e.right_open = above || open(relation.ops[0]);
  if (above) {
    e.args = {bound, infinity()};
  } else {
    e.args = {make(Op::negate, {infinity()}), bound};
  }
  return std::make_shared<const Expression>(std::move(e));
}

namespace {

/// The same name, or f(x) against the y that stands for it.
bool same_name(const Expression& a, const Expression& b) {
  if (!is_name(a) || !is_name(b)) return false;
  const auto is_y = [](const Expression& e) { return e.op == Op::symbol && e.name == "y"; };
  return canonical(a) == canonical(b) || (is_applied(a) && is_y(b)) || (is_y(a) && is_applied(b));
}

}  // namespace

Comparison compare_relations(const Expression& a, const Expression& b, const MathOptions& options,
                             Budget& budget) {
  if (is_equation(a) && is_equation(b)) {
    const bool names = same_name(*a.args[0], *b.args[0]);
    const auto x = value_of(a), y = value_of(b);
    const auto simple = [](const std::optional<Ref>& v) { return v && is_scalar(**v); };
    const bool closed = symbols(a).empty() && symbols(b).empty();
    if ((names || closed) && simple(x) && simple(y)) {
      return compare_scalars(**x, **y, options, budget);
    }
    if (a.ops.size() != 1 || b.ops.size() != 1) return {Equality::different, "equation"};
    if (!is_scalar(*a.args[0]) || !is_scalar(*a.args[1]) || !is_scalar(*b.args[0]) ||
        !is_scalar(*b.args[1])) {
      return {Equality::different, "equation"};
    }
    return {proportional(*minus(a.args[0], a.args[1]), *minus(b.args[0], b.args[1]), false, budget),
            "equation"};
  }
  if (a.ops.size() != b.ops.size() || is_equation(a) != is_equation(b)) {
    return {Equality::different, "relation"};
  }
  for (const auto* side : {&a, &b}) {
    for (const auto& arg : side->args) {
      if (!is_scalar(*arg) || contains(*arg, Op::set)) return {Equality::different, "relation"};
    }
  }
  auto left = comparands(a), right = comparands(b);
  bool undecided = false;
  for (const auto& one : left) {
    const auto match = std::find_if(right.begin(), right.end(), [&](const Comparand& other) {
      if (other.op != one.op) return false;
      const auto result = proportional(*one.f, *other.f, one.op != "!=", budget);
      undecided = undecided || result == Equality::undecided;
      return result == Equality::equal;
    });
    if (match == right.end()) {
      return {undecided ? Equality::undecided : Equality::different, "inequality"};
    }
    right.erase(match);
  }
  return {Equality::equal, "inequality"};
}

}  // namespace grpo::reward::math
