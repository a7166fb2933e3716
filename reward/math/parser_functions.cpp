#include <utility>

#include "reward/math/lexer_names.h"
#include "reward/math/parser.h"
#include "reward/math/units.h"

namespace grpo::reward::math {

/// What a function without parentheses takes: \sin 2x, \ln\frac{1}{2}, \sin \theta \cos \theta.
Ref Parser::function_argument() {
  const Depth depth(*this);
  if (is_mark("(")) return parentheses();
  if (is_mark("[") || is_mark("{")) return factor();
  if (take_mark("-")) return make(Op::negate, {function_argument()});
  if (!starts_factor()) fail("a function of nothing");
  std::vector<Ref> factors{factor()};
  while (starts_factor() && !is_mark("(") && !is_mark("[") && !is_mark("\\{") && !is_mark("|") &&
         peek().kind != Kind::text &&
         !(peek().kind == Kind::command && is_function_name(peek().text))) {
    factors.push_back(factor());
  }
  return factors.size() == 1 ? factors[0] : make(Op::multiply, std::move(factors));
}

Ref Parser::function(const std::string& name) {
  const Depth depth(*this);
  const size_t start = at_;
  ++at_;
  std::string called =
      name.starts_with("ar") && !name.starts_with("arc") ? "arc" + name.substr(2) : name;
  if (called == "lg") called = "log";
  Ref base, power;
  while (is_mark("_") || is_mark("^")) {
    const bool below = take_mark("_");
    if (!below) expect("^");
    const bool negative = take_mark("-");
    auto script = group_argument();
    if (negative) script = make(Op::negate, {script});
    (below ? base : power) = script;
  }
  if (base && called != "log") fail("a subscript that this function does not have");
  // \sin^{-1} x is the inverse function, \sin^2 x a power.
  if (power && is_minus_one(*power)) {
    if (!called.starts_with("arc")) called = "arc" + called;
    power = nullptr;
  }
  auto argument = function_argument();
  std::vector<Ref> args = argument->op == Op::tuple || argument->op == Op::list
                              ? argument->args
                              : std::vector<Ref>{argument};
  if (argument->op == Op::interval) fail("unexpected interval");
  const bool many = called == "max" || called == "min" || called == "gcd" || called == "lcm";
  if (!many && args.size() != 1) {
    at_ = start;
    fail(called + " takes one argument");
  }
  if (called == "log") args.insert(args.begin(), base ? base : make_number(Rational(10)));
  if (called == "sqrt") return make(Op::root, {make_number(Rational(2)), args[0]});
  auto result = make(Op::call, std::move(args), called);
  return power ? make(Op::power, {result, power}) : result;
}

/// A bound of a sum: \sum^n_{k=1} has a subscript of the sum, not of n.
Ref Parser::bound() {
  if (peek().kind == Kind::letter && peek(1).text == "_") {
    ++at_;
    return make(Op::symbol, {}, tokens_[at_ - 1].text);
  }
  return group_argument();
}

Ref Parser::big_operator(Op op) {
  ++at_;
  Ref lower, upper;
  std::string index;
  while (is_mark("_") || is_mark("^")) {
    if (take_mark("_")) {
      expect("{");
      if (peek().kind != Kind::letter || peek(1).text != "=") {
        // \sum_{k \in S}, \sum_{i<j}: kept by structure
        const auto range = relation();
        expect("}");
        const auto top = take_mark("^") ? group_argument() : make(Op::set);
        return make(Op::opaque, {range, top, product()}, op == Op::sum ? "sum" : "product");
      }
      index = peek().text;
      at_ += 2;
      lower = sum();
      expect("}");
    } else {
      expect("^");
      upper = bound();
    }
  }
  if (!lower || !upper) fail("expected the bounds");
  // \sum_{i=1}^n i: within the sum i is its index, not the imaginary unit.
  bound_.push_back(index);
  auto body = product();
  bound_.pop_back();
  return make(op, {lower, upper, std::move(body)}, index);
}

/// Limits and integrals are read and kept, so that they can be compared as they stand.
Ref Parser::opaque(const std::string& name) {
  const Depth depth(*this);
  ++at_;
  std::vector<Ref> parts;
  while (is_mark("_") || is_mark("^")) {
    ++at_;
    if (name == "lim" && is_mark("{")) {
      ++at_;
      auto variable = sum();
      if (!take_command("rightarrow")) fail("expected \\to");
      auto goal = signed_factor();
      if (is_mark("+") || is_mark("-")) ++at_;  // from one side: 3^{+}, 0+
      expect("}");
      parts.push_back(make(Op::tuple, {variable, goal}));
    } else {
      parts.push_back(group_argument());
    }
  }
  parts.push_back(sum());
  return make(Op::opaque, std::move(parts), name);
}

bool Parser::starts_unit() const {
  if (peek().kind == Kind::text) return true;
  return is_command("frac") && peek(1).text == "{" && peek(2).kind == Kind::text;
}

void Parser::unit_exponent(std::string& phrase) {
  if (!is_mark("^")) return;
  const bool braced = peek(1).text == "{";
  size_t at = braced ? 2 : 1;
  std::string power = "^";
  if (peek(at).text == "-") {
    power += "-";
    ++at;
  }
  if (peek(at).kind != Kind::number) fail("expected the power of a unit");
  power += peek(at).text;
  at_ += at + 1;
  if (braced) expect("}");
  phrase += power;
}

/// The words behind a value, with what makes them a unit: "km/h", "square feet", "m/s^2".
std::string Parser::unit_phrase() {
  std::string phrase;
  for (;;) {
    const Token& next = peek(1);
    if (peek().kind == Kind::text) {
      phrase += " " + peek().text;
      ++at_;
      unit_exponent(phrase);
    } else if (is_mark("/") && (next.kind == Kind::text ||
                                (next.kind == Kind::letter && is_unit_letter(next.text)))) {
      phrase += "/" + next.text;
      at_ += 2;
      unit_exponent(phrase);
    } else if (starts_unit()) {  // \frac{\text{m}}{\text{s}^2}
      at_ += 2;
      phrase += unit_phrase();
      expect("}");
      expect("{");
      phrase += "/" + unit_phrase();
      expect("}");
    } else {
      return phrase;
    }
  }
}

Ref Parser::environment() {
  ++at_;  // \begin
  expect("{");
  std::string name;
  while (!is_mark("}")) {
    if (peek().kind == Kind::end) fail("\\begin without a name");
    name += peek().text;
    ++at_;
  }
  expect("}");
  if (name == "array") {
    expect("{");
    while (!take_mark("}")) {
      if (peek().kind == Kind::end) fail("unexpected end");
      ++at_;
    }
    return matrix(name);
  }
  for (const std::string_view known :
       {"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "Vmatrix", "smallmatrix", "cases"}) {
    if (name == known) return matrix(name);
  }
  fail("unknown environment " + name);
}

Ref Parser::matrix(const std::string& name) {
  const Depth depth(*this);
  Expression e;
  e.op = Op::matrix;
  size_t columns = 0, row = 0;
  for (;;) {
    if (is_command("end") || is_mark("\\\\")) {
      if (row == 0 && is_mark("\\\\")) fail("an empty row");
    } else {
      e.args.push_back(relation());
      ++row;
      if (take_mark("&")) continue;
    }
    const bool more = take_mark("\\\\");
    if (row > 0) {
      if (columns != 0 && row != columns) fail("rows of different lengths");
      columns = row;
      ++e.rows;
      row = 0;
    }
    if (more) continue;
    if (!take_command("end")) fail("expected \\end");
    expect("{");
    while (!take_mark("}")) {
      if (peek().kind == Kind::end) fail("unexpected end");
      ++at_;
    }
    break;
  }
  if (e.args.empty()) fail("an empty matrix");
  auto result = std::make_shared<const Expression>(std::move(e));
  if (name == "vmatrix") return make(Op::call, {result}, "det");
  if (name == "cases") return make(Op::opaque, {result}, "cases");  // compared as it stands
  return result;
}

}  // namespace grpo::reward::math
