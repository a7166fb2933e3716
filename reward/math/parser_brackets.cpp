#include <algorithm>
#include <optional>
#include <utility>

#include "reward/math/parser.h"

namespace grpo::reward::math {
namespace {

/// Rows of one length, each a closed "interval" or a tuple, as a matrix.
std::optional<Ref> matrix_of_rows(const std::vector<Ref>& rows) {
  Expression e;
  e.op = Op::matrix;
  for (const auto& row : rows) {
    const bool interval = row->op == Op::interval && !row->left_open && !row->right_open;
    if (!interval && row->op != Op::tuple) return std::nullopt;
    if (row->args.size() != rows[0]->args.size()) return std::nullopt;
    e.args.insert(e.args.end(), row->args.begin(), row->args.end());
  }
  e.rows = rows.size();
  return std::make_shared<const Expression>(std::move(e));
}

}  // namespace

/// {…} groups; with a comma inside it is a set: {1,2}, {{1},{2}}.
Ref Parser::braces() {
  const Depth depth(*this);
  expect("{");
  if (take_mark("}")) return make(Op::set);
  // Sides of a limit, charges of an ion: {+}
  if ((is_mark("+") || is_mark("-")) && peek(1).text == "}") {
    const std::string sign = peek().text;
    at_ += 2;
    return make(Op::symbol, {}, sign);
  }
  auto inner = list();
  if (take_command("choose")) inner = make(Op::call, {inner, list()}, "binom");
  if (take_command("over")) inner = make(Op::divide, {inner, list()});
  if (is_mark("}")) {
    ++at_;
  } else {
    if (peek().kind == Kind::end) fail("a brace that is never closed");
    expect("\\}");  // "\left{ … \right}"
  }
  if (inner->op == Op::list) return make(Op::set, inner->args);
  return inner;
}

/// {x | x > 5}, {x \in \mathbb{R} : x > 5} says its condition; the brace stands open already.
/// Nothing, and nothing read, for sets that are listed.
std::optional<Ref> Parser::set_condition() {
  const size_t start = at_;
  const auto is_bar = [&] { return is_mark("|") || is_mark(":"); };
  if (peek().kind != Kind::letter) return std::nullopt;
  const std::string name = peek().text;
  ++at_;
  const bool real = is_command("in") && peek(1).text == "mathbb" && peek(3).text == "R";
  if (real) at_ += 5;
  if (!is_bar()) {
    at_ = start;
    return std::nullopt;
  }
  ++at_;
  auto condition = list();
  if (!take_mark("}")) expect("\\}");
  const auto names = symbols(*condition);
  if (condition->op != Op::relation || std::find(names.begin(), names.end(), name) == names.end()) {
    fail("expected one condition on " + name);
  }
  return condition;
}

Ref Parser::set_braces() {
  const Depth depth(*this);
  const int outer_bars = std::exchange(bars_, 0);
  expect("\\{");
  if (const auto condition = set_condition()) {
    bars_ = outer_bars;
    return *condition;
  }
  std::vector<Ref> items;
  if (!is_mark("\\}") && !is_mark("}")) {
    auto inner = list();
    items = inner->op == Op::list ? inner->args : std::vector<Ref>{inner};
  }
  if (!take_mark("}")) expect("\\}");
  bars_ = outer_bars;
  return make(Op::set, std::move(items));
}

Ref Parser::parentheses() {
  const Depth depth(*this);
  const int outer_bars = std::exchange(bars_, 0);
  expect("(");
  auto inner = list();
  bars_ = outer_bars;
  if (inner->op == Op::list && take_mark("]")) {
    if (inner->args.size() != 2) fail("an interval has two ends");
    Expression e;
    e.op = Op::interval;
    e.args = inner->args;
    e.left_open = true;
    return std::make_shared<const Expression>(std::move(e));
  }
  expect(")");
  if (inner->op != Op::list) return inner;
  return make(Op::tuple, inner->args);
}

/// [a, b), also as ]a, b[; [[1, 2], [3, 4]] is a matrix.
Ref Parser::brackets() {
  const Depth depth(*this);
  const int outer_bars = std::exchange(bars_, 0);
  const bool left_open = take_mark("]");
  if (!left_open) expect("[");
  const bool nested = !left_open && is_mark("[");
  auto inner = list();
  bars_ = outer_bars;
  const bool right_open = is_mark(")") || is_mark("[");
  if (!right_open && !is_mark("]")) fail("expected ]");
  ++at_;
  if (inner->op != Op::list) {
    if (left_open || right_open) fail("expected ]");
    return inner;  // [a + b] groups
  }
  if (nested && !right_open) {
    if (auto rows = matrix_of_rows(inner->args)) return *rows;
  }
  if (inner->args.size() != 2) {
    if (left_open || right_open) fail("an interval has two ends");
    return make(Op::tuple, inner->args);
  }
  Expression e;
  e.op = Op::interval;
  e.args = inner->args;
  e.left_open = left_open;
  e.right_open = right_open;
  return std::make_shared<const Expression>(std::move(e));
}

Ref Parser::absolute() {
  const Depth depth(*this);
  expect("|");
  // "||x||": an inner bar opens when nothing has been read yet.
  const int outer = std::exchange(bars_, 1);
  Ref inner;
  if (is_mark("|")) {
    inner = absolute();
  } else {
    inner = sum();
  }
  bars_ = outer;
  expect("|");
  return make(Op::call, {inner}, "abs");
}

}  // namespace grpo::reward::math
