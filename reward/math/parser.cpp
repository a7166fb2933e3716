#include "reward/math/parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "reward/extract_rules.h"
#include "reward/math/latex.h"
#include "reward/math/units.h"
#include "reward/math/words.h"

namespace grpo::reward::math {
namespace {

/// The name that a token gives a relation, or empty.
std::string relation_name(const Token& token) {
  if (token.kind == Token::Kind::mark) {
    for (const std::string_view mark : {"=", "<", ">", "<=", ">=", "!=", "~"}) {
      if (token.text == mark) return token.text;
    }
  }
  if (token.kind == Token::Kind::command) {
    for (const std::string_view name : {"in", "notin", "subseteq", "supseteq"}) {
      if (token.text == name) return token.text;
    }
  }
  return "";
}

/// f, g, h with primes or an index, and their inverses: names of functions.
bool is_function(const Expression& e) {
  if (e.op == Op::power) return is_minus_one(*e.args[1]) && is_function(*e.args[0]);
  if (e.op != Op::symbol || e.applied) return false;
  const bool letter = e.name[0] == 'f' || e.name[0] == 'g' || e.name[0] == 'h';
  return letter && (e.name.size() == 1 || e.name[1] == '_' || e.name[1] == '\'');
}

/// Whether a name before parentheses is a function: f always; g and h, which are lengths and forces
/// too, of numbers and names only.
bool takes(const Expression& function, const Expression& argument) {
  if (canonical(function).find('f') != std::string::npos) return true;
  if (argument.op == Op::tuple) {
    return std::all_of(argument.args.begin(), argument.args.end(),
                       [&](const Ref& one) { return takes(function, *one); });
  }
  if (argument.op == Op::negate) return takes(function, *argument.args[0]);
  return argument.op == Op::number || argument.op == Op::symbol;
}

/// f(2) is a name of its own: nothing is known of it, least of all that it is 2 f(1).
Ref value_at(const Expression& function, const Expression& argument) {
  Expression value;
  value.op = Op::symbol;
  value.name = canonical(function) + "(" + canonical(argument) + ")";
  value.applied = true;
  return std::make_shared<const Expression>(std::move(value));
}

/// One item stays itself; several become `op`.
Ref grouped(Op op, std::vector<Ref> items) {
  return items.size() == 1 ? items[0] : make(op, std::move(items));
}

}  // namespace

Parser::Depth::Depth(Parser& parser) : parser_(parser) {
  if (++parser_.steps_ > kMaxSteps) parser.fail("too many signs");
  if (++parser_.depth_ > kMaxDepth) {
    --parser_.depth_;
    parser.fail("nested too deep");
  }
}

bool Parser::take_mark(std::string_view mark) {
  if (!is_mark(mark)) return false;
  ++at_;
  return true;
}

bool Parser::take_command(std::string_view name) {
  if (!is_command(name)) return false;
  ++at_;
  return true;
}

void Parser::expect(std::string_view mark) {
  if (!take_mark(mark)) fail("expected " + std::string(mark));
}

Ref Parser::run() {
  // Punctuation of the sentence around the answer.
  while (tokens_.size() >= 2) {
    const Token& last = tokens_[tokens_.size() - 2];
    const bool punctuation =
        last.kind == Kind::mark && (last.text == "." || last.text == "," || last.text == ";" ||
                                    last.text == "\\\\" || last.text == ":");
    if (!punctuation) break;
    tokens_.erase(tokens_.end() - 2);
  }
  if (peek().kind == Kind::end) fail("nothing to read");
  auto tree = list();
  if (peek().kind != Kind::end) fail("unexpected " + peek().text);
  return tree;
}

/// `;`, `and`, `or` separate lists of commas: "p = 5, q = 2; p = 7, q = 2".
Ref Parser::list() {
  const Depth depth(*this);
  std::vector<Ref> items{comma_list()};
  bool nested = items[0]->op == Op::list;
  bool words_only = true;
  for (;;) {
    if (take_mark(";")) {
      words_only = false;
    } else if (!take_command("and") && !take_command("or")) {
      break;
    }
    items.push_back(comma_list());
    nested = nested || items.back()->op == Op::list;
  }
  if (items.size() == 1) return items[0];
  // "1, 2 and 3" is one list; "p = 5, q = 2 and p = 7, q = 2" is a list of two.
  if (nested && words_only && items.size() == 2 && items[1]->op != Op::list) {
    std::vector<Ref> flat = items[0]->args;
    flat.push_back(items[1]);
    return make(Op::list, std::move(flat));
  }
  if (nested) {
    for (auto& item : items) {
      if (item->op == Op::list) item = make(Op::tuple, item->args);
    }
  }
  return make(Op::list, std::move(items));
}

Ref Parser::comma_list() {
  std::vector<Ref> items{relation()};
  while (is_mark(",")) {
    ++at_;
    // "19, 46, and 82"
    if (is_command("and") || is_command("or")) ++at_;
    items.push_back(relation());
  }
  return grouped(Op::list, std::move(items));
}

Ref Parser::relation() {
  std::vector<Ref> sides;
  std::vector<std::string> ops;
  // "\neq 3" and "> 5" have no left side: not an answer of their own.
  sides.push_back(set_expression());
  for (std::string name; !(name = relation_name(peek())).empty();) {
    ++at_;
    ops.push_back(name);
    sides.push_back(set_expression());
  }
  if (ops.empty()) return sides[0];
  Expression e;
  e.op = Op::relation;
  e.args = std::move(sides);
  e.ops = std::move(ops);
  return std::make_shared<const Expression>(std::move(e));
}

Ref Parser::set_expression() {
  auto left = sum();
  for (;;) {
    Op op;
    if (take_command("cup")) {
      op = Op::set_union;
    } else if (take_command("cap")) {
      op = Op::intersection;
    } else if (take_command("setminus")) {
      op = Op::difference;
    } else if (is_mark(":")) {
      std::vector<Ref> parts{left};
      while (take_mark(":")) parts.push_back(sum());
      return make(Op::ratio, std::move(parts));
    } else {
      return left;
    }
    left = make(op, {left, sum()});
  }
}

Ref Parser::sum() {
  const Depth depth(*this);
  std::vector<Ref> terms;
  if (take_command("pm")) {
    terms.push_back(make(Op::plus_minus, {product()}));
  } else {
    terms.push_back(product());
  }
  for (;;) {
    if (take_mark("+")) {
      terms.push_back(product());
    } else if (take_mark("-")) {
      terms.push_back(make(Op::negate, {product()}));
    } else if (take_command("pm")) {
      auto left = grouped(Op::add, std::move(terms));
      terms = {make(Op::plus_minus, {left, product()})};
    } else {
      return grouped(Op::add, std::move(terms));
    }
  }
}

Ref Parser::product() {
  currency_.clear();
  std::vector<Ref> factors{signed_factor()};
  std::string unit = std::exchange(currency_, "");
  bool words = false;
  const auto fold = [&] { return grouped(Op::multiply, std::move(factors)); };
  for (;;) {
    const bool value = factors[0]->op != Op::text;
    if (value && starts_unit()) {
      unit += unit_phrase();
      words = true;
    } else if (take_mark("*")) {
      if (value && starts_unit()) continue;
      factors.push_back(signed_factor());
    } else if (take_mark("/")) {
      auto left = fold();
      factors = {make(Op::divide, {left, signed_factor()})};
    } else if (take_command("mod")) {
      auto left = fold();
      factors = {make(Op::call, {left, signed_factor()}, "mod")};
    } else if (starts_factor()) {
      if (peek().kind == Kind::number && tokens_[at_ - 1].kind == Kind::number) {
        fail("two numbers without an operator");
      }
      const bool inverse = factors[0]->op == Op::power && factors[0]->args[0]->op == Op::symbol &&
                           is_minus_one(*factors[0]->args[1]);
      if (is_mark("(") && is_function(*factors.back())) {
        auto argument = parentheses();
        if (takes(*factors.back(), *argument)) {
          factors.back() = postfix(value_at(*factors.back(), *argument));
        } else {
          factors.push_back(postfix(std::move(argument)));
        }
        continue;
      }
      const bool applied = is_mark("(") && !peek().space_before && factors.size() == 1 &&
                           (factors[0]->op == Op::symbol || inverse);
      auto right = factor();
      // A word behind a value is its unit; a word before it a label. Neither changes the value.
      if (factors.size() == 1 && factors[0]->op == Op::text && !words) {
        const bool day = right->op == Op::number && is_month(factors[0]->name);
        if (right->op == Op::text || day) {  // "June 20" is no 20
          const std::string name = day ? right->number.text() : right->name;
          factors[0] = make(Op::text, {}, factors[0]->name + " " + name);
        } else {
          factors[0] = right;
        }
        continue;
      }
      if (words) fail("words between values");
      factors.push_back(right);
      if (applied) {
        Expression call;
        call.op = Op::multiply;
        call.args = std::move(factors);
        call.applied = true;
        factors = {std::make_shared<const Expression>(std::move(call))};
      }
    } else {
      const Ref result = fold();
      if (result->op == Op::number && is_month(trim(unit))) {  // "20 June"
        return make(Op::text, {}, std::string(trim(unit)) + " " + result->number.text());
      }
      return value && parse_unit(unit) ? make(Op::quantity, {result}, unit) : result;
    }
  }
}

Ref Parser::signed_factor() {
  const Depth depth(*this);
  if (take_mark("-")) {
    // -2^2 is -(2^2), and -3 \frac{1}{2} is -(3 1/2): the sign takes the next factor whole.
    return make(Op::negate, {signed_factor()});
  }
  if (take_mark("+")) return signed_factor();
  return factor();
}

bool Parser::starts_factor() const {
  const Token& token = peek();
  switch (token.kind) {
    case Kind::number:
    case Kind::letter:
    case Kind::text:
      return true;
    case Kind::command:
      for (const std::string_view name : {"and", "or", "cup", "cap", "setminus", "pm", "mod", "in",
                                          "notin", "subseteq", "supseteq", "rightarrow", "end",
                                          "rfloor", "rceil", "rangle", "choose", "over", "circ"}) {
        if (token.text == name) return false;
      }
      return true;
    case Kind::mark:
      if (token.text == "|") return bars_ == 0;
      if (token.text == "[") {  // "[0, 1[" closes here
        const Token& next = peek(1);
        return next.kind != Kind::end && next.text != "," && next.text != ")" &&
               next.text != "cup" && next.text != "cap" && next.text != "and" && next.text != "or";
      }
      return token.text == "(" || token.text == "{" || token.text == "\\{";
    case Kind::end:
      return false;
  }
  return false;
}

Ref Parser::factor() {
  const Depth depth(*this);
  return postfix(atom());
}

ParseResult parse_math(std::string_view text) {
  ParseResult result;
  try {
    result.tree = Parser(tokenize(text)).run();
  } catch (const ParseError& error) {
    result.error = error.what();
    result.position = error.position;
  }
  return result;
}

}  // namespace grpo::reward::math
