#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reward/math/rational.h"

namespace grpo::reward::math {

enum class Op {
  number,      // `number`; `decimal` when written with a decimal point, `name` base6 of 25_6
  symbol,      // `name`: x, \alpha, x_{1}; `applied` for the value f(2) of a function
  constant,    // `name`: e, pi, i, infinity
  text,        // `name`: words, a unit on its own
  negate,      // -a
  add,         // a + b + …
  multiply,    // a b …; `applied` for f(x), a name directly followed by parentheses
  divide,      // a / b
  power,       // a ^ b
  root,        // a-th root of b: args {index, radicand}
  call,        // `name`(args): sin, log {base, x}, floor, gcd, …
  percent,     // a %
  quantity,    // a with its unit `name`; its value is a
  degree,      // a °
  plus_minus,  // a ± b, or ± b alone (one argument)
  tuple,       // (a, b, …)
  interval,    // [a, b), `left_open`, `right_open`; an open one of two is read as a tuple
  list,        // a, b, … without brackets: order does not count
  set,         // {a, b, …}
  set_union,   // also `intersection`, `difference`
  intersection,
  difference,
  matrix,    // args row by row, `rows` rows
  relation,  // args[0] ops[0] args[1] ops[1] …: = < > <= >= != ~ in notin subset superset
  ratio,     // a : b : …
  sum,       // args {lower, upper, body}, index `name`; `product` likewise
  product,
  opaque,  // limits, integrals, derivatives: compared by structure only
};

struct Expression;
/// Immutable and shared. Depth is bounded by the parser, so recursion over it is safe.
using Ref = std::shared_ptr<const Expression>;

struct Expression {
  Op op = Op::number;
  std::vector<Ref> args;
  std::string name;
  std::vector<std::string> ops;
  Rational number;
  size_t rows = 0;
  bool decimal = false;
  bool applied = false;
  bool left_open = false;
  bool right_open = false;
};

Ref make(Op op, std::vector<Ref> args = {}, std::string name = "");
Ref make_number(Rational value, bool decimal = false);

/// A symbol that is no value of a function.
bool is_variable(const Expression& e);

/// Written -1, the exponent of an inverse function.
bool is_minus_one(const Expression& e);

/// One fixed spelling: equal trees print equally. Sums and products keep their order.
std::string canonical(const Expression& e);

bool contains(const Expression& e, Op op);
/// Whether a number was written with a decimal point, which makes it an approximation.
bool has_decimal(const Expression& e);
/// Names of all free symbols, sorted, each once.
std::vector<std::string> symbols(const Expression& e);
/// Whether it is a single value rather than a list, tuple, set, relation or text.
bool is_scalar(const Expression& e);

}  // namespace grpo::reward::math
