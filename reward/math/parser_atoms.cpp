#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "reward/math/lexer_names.h"
#include "reward/math/parser.h"
#include "reward/math/units.h"

namespace grpo::reward::math {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "12", ".5", "3.", "1.5e-3"; decimals mark an approximation.
std::optional<Ref> literal(std::string_view text) {
  const auto e = text.find_first_of("eE");
  auto mantissa = text.substr(0, e);
  const bool decimal = mantissa.find('.') != std::string_view::npos;
  if (mantissa.back() == '.') mantissa.remove_suffix(1);
  auto value = parse_decimal(mantissa);
  if (!value) return std::nullopt;
  if (e != std::string_view::npos) {
    const slong exponent = std::stol(std::string(text.substr(e + 1)));
    if (std::abs(exponent) > static_cast<slong>(kMaxDigits)) return std::nullopt;
    value = *value * power_of_ten(exponent);
  }
  return make_number(*value, decimal);
}

/// The value of `digits` in a base from 2 to 36, if they belong to it.
std::optional<Rational> in_base(std::string_view digits, int base) {
  std::optional<Rational> value = Rational();
  for (const char c : digits) {
    if (c < '0' || c - '0' >= base) return std::nullopt;
    value = *value * Rational(base) + Rational(c - '0');
  }
  return value;
}

}  // namespace

Ref Parser::atom() {
  const Token token = peek();
  switch (token.kind) {
    case Kind::number:
      return number();
    case Kind::letter:
      ++at_;
      return symbol(token.text);
    case Kind::text:
      ++at_;
      if (is_currency(token.text)) {
        currency_ = token.text;
        return peek().text == "-" ? signed_factor() : factor();
      }
      return make(Op::text, {}, token.text);
    case Kind::command:
      return command();
    case Kind::mark:
      if (token.text == "(") return parentheses();
      if (token.text == "[") return brackets();
      if (token.text == "]") return brackets();  // ]0, 1[
      if (token.text == "{") return braces();
      if (token.text == "\\{") return set_braces();
      if (token.text == "|") return absolute();
      fail("unexpected " + token.text);
    case Kind::end:
      fail("unexpected end");
  }
  fail("unexpected sign");
}

Ref Parser::number() {
  const Token token = peek();
  ++at_;
  if (is_command("overline") && token.text.find('.') != std::string::npos) {
    // 0.1\overline{23} = 0.1 + 23/990; the lexer gives every spelling of it so.
    ++at_;
    const std::string repeated = peek().text;
    ++at_;
    const auto decimals = static_cast<slong>(token.text.size() - token.text.find('.') - 1);
    const auto start = literal(token.text);
    const auto period = parse_decimal(repeated);
    if (!start || !period || repeated.size() > 100) fail("a number of too many digits");
    const Rational nines = power_of_ten(static_cast<slong>(repeated.size())) - Rational(1);
    return make_number((*start)->number + *period / (nines * power_of_ten(decimals)));
  }
  const bool integer = all_digits(token.text);
  if (integer && is_mark("_")) {
    ++at_;
    const auto base = group_argument();
    if (base->op != Op::number || !base->number.is_integer() || base->number < Rational(2) ||
        base->number > Rational(36)) {
      fail("expected a base from 2 to 36");
    }
    const auto value = in_base(token.text, std::stoi(base->number.text()));
    if (!value) fail("a digit that the base does not have");
    Expression e;
    e.number = *value;
    if (base->number != Rational(10)) e.name = "base" + base->number.text();
    return std::make_shared<const Expression>(std::move(e));
  }
  const auto value = literal(token.text);
  if (!value) fail("a number of too many digits");
  // Mixed numbers: 2\frac{1}{3}, 2 1/3.
  if (integer && is_command("frac")) {
    if (const auto part = proper_fraction()) return make_number((*value)->number + *part);
  }
  if (integer && peek().kind == Kind::number && peek().space_before && all_digits(peek().text) &&
      peek(1).text == "/" && peek(2).kind == Kind::number && all_digits(peek(2).text)) {
    const auto top = parse_decimal(peek().text), bottom = parse_decimal(peek(2).text);
    if (top && bottom && !bottom->is_zero() && *top < *bottom) {
      at_ += 3;
      return make_number((*value)->number + *top / *bottom);
    }
  }
  return *value;
}

/// A fraction of whole numbers below 1, read only if it is one. By a look at the signs ahead:
/// reading a fraction to see what it is would take twice as long for each that nests in another.
std::optional<Rational> Parser::proper_fraction() {
  size_t ahead = 1;  // behind \frac
  std::string digits[2];
  for (int i = 0; i < 2; ++i) {
    const bool braced = peek(ahead).text == "{" && peek(ahead + 2).text == "}";
    const Token& token = peek(ahead + (braced ? 1 : 0));
    if (token.kind != Kind::number || !all_digits(token.text)) return std::nullopt;
    digits[i] = token.text;
    ahead += braced ? 3 : 1;
    if (braced || token.text.size() == 1) continue;
    if (i == 1 || token.text.size() != 2) return std::nullopt;
    digits[0] = token.text.substr(0, 1);  // \frac12
    digits[1] = token.text.substr(1);
    break;
  }
  const auto top = parse_decimal(digits[0]), bottom = parse_decimal(digits[1]);
  if (!top || !bottom || *top >= *bottom) return std::nullopt;
  at_ += ahead;
  return *top / *bottom;
}

/// The signs of a brace group as they stand: names, not formulas.
std::string Parser::raw_group() {
  std::string text;
  if (!take_mark("{")) {
    if (peek().kind == Kind::end) fail("unexpected end");
    text = peek().text;
    ++at_;
    return text;
  }
  for (int open = 1;;) {
    if (peek().kind == Kind::end) fail("a brace that is never closed");
    open += is_mark("{") - is_mark("}");
    if (open == 0) break;
    text += peek().text;
    ++at_;
  }
  ++at_;
  return text;
}

/// Subscripts belong to the name: x_1, x_{max}, a_{n+1}.
std::string Parser::subscript() {
  if (!take_mark("_")) return "";
  return "_" + raw_group();
}

Ref Parser::symbol(const std::string& name) {
  const std::string below = subscript();
  const bool bound = std::find(bound_.begin(), bound_.end(), name) != bound_.end();
  if (below.empty() && !bound) {
    if (name == "e" || name == "euler") return make(Op::constant, {}, "e");
    if (name == "i" || name == "I") return make(Op::constant, {}, "i");
    if (name == "pi") return make(Op::constant, {}, "pi");
  }
  return make(Op::symbol, {}, name + below);
}

Ref Parser::group_argument() {
  const Depth depth(*this);
  if (is_mark("{")) return braces();
  const Token token = peek();
  if (token.kind == Kind::number) {
    ++at_;
    const auto value = literal(token.text);
    if (!value) fail("a number of too many digits");
    return *value;
  }
  if (token.kind == Kind::letter) {
    ++at_;
    return symbol(token.text);
  }
  if (take_mark("*")) return make(Op::symbol, {}, "*");
  return atom();
}

Ref Parser::fraction() {
  ++at_;  // \frac
  // \frac12 and \frac1{2}: one digit each.
  const auto part = [&]() -> Ref {
    if (is_mark("{")) {
      if (peek(1).text == "}") fail("an empty part of a fraction");
      return braces();
    }
    Token& token = tokens_[at_];
    if (token.kind == Kind::number && token.text.size() > 1 && all_digits(token.text)) {
      const std::string first = token.text.substr(0, 1);
      token.text.erase(0, 1);
      return *literal(first);
    }
    return group_argument();
  };
  const size_t start = at_;
  const auto top = part();
  const auto bottom = part();
  // \frac{d}{dx}: a derivative of what follows.
  if (bottom->op == Op::multiply && bottom->args[0]->op == Op::symbol &&
      bottom->args[0]->name == "d" && start < at_ && canonical(*top).starts_with("d")) {
    if (!starts_factor()) fail("a derivative of nothing");
    return make(Op::opaque, {top, bottom, product()}, "derivative");
  }
  return make(Op::divide, {top, bottom});
}

Ref Parser::root() {
  ++at_;  // \sqrt
  Ref index;
  if (take_mark("[")) {
    index = sum();
    expect("]");
  }
  Ref inner;
  if (is_mark("{") && peek(1).text == "}") fail("a root of nothing");
  if (is_mark("{") || is_mark("(")) {
    inner = is_mark("{") ? braces() : parentheses();
  } else {
    if (peek().kind == Kind::end) fail("a root of nothing");
    inner = group_argument();
  }
  return make(Op::root, {index ? index : make_number(Rational(2)), inner});
}

Ref Parser::binomial() {
  ++at_;
  const auto top = group_argument();
  return make(Op::call, {top, group_argument()}, "binom");
}

Ref Parser::command() {
  const Token token = peek();
  const std::string& name = token.text;
  if (name == "frac") return fraction();
  if (name == "binom") return binomial();
  if (name == "boxed" || name == "fbox" || name == "mathbb" || name == "mathcal" ||
      name == "mathfrak" || name == "variable" || name == "underline") {
    ++at_;
    if (name == "boxed" || name == "fbox") {
      const Depth depth(*this);
      expect("{");
      auto inner = list();
      expect("}");
      return inner;
    }
    return symbol(name + ":" + raw_group());
  }
  if (name == "overline" || name == "bar" || name == "vec" || name == "hat" || name == "tilde" ||
      name == "overrightarrow" || name == "widehat" || name == "dot") {
    ++at_;
    return symbol(name + ":" + raw_group());
  }
  if (name == "lfloor" || name == "lceil") {
    const Depth depth(*this);
    ++at_;
    auto inner = sum();
    if (!take_command(name == "lfloor" ? "rfloor" : "rceil")) fail("expected the closing bracket");
    return make(Op::call, {inner}, name == "lfloor" ? "floor" : "ceil");
  }
  if (name == "langle") {
    const Depth depth(*this);
    ++at_;
    auto inner = list();
    if (!take_command("rangle")) fail("expected \\rangle");
    return make(Op::tuple, inner->op == Op::list ? inner->args : std::vector<Ref>{inner});
  }
  if (name == "begin") return environment();
  if (name == "sum") return big_operator(Op::sum);
  if (name == "prod") return big_operator(Op::product);
  if (name == "lim" || name == "int") return opaque(name);
  if (name == "infty") {
    ++at_;
    return make(Op::constant, {}, "infinity");
  }
  if (name == "emptyset") {
    ++at_;
    return make(Op::set);
  }
  if (name == "sqrt") return root();
  if (is_function_name(name)) return function(name);
  for (const std::string_view structural :
       {"end", "choose", "over",  "rfloor", "rceil",       "rangle", "rightarrow", "and",
        "or",  "cup",    "cap",   "in",     "notin",       "circ",   "mod",        "setminus",
        "pm",  "item",   "hline", "cline",  "multicolumn", "tag",    "label"}) {
    if (name == structural) fail("unexpected \\" + name);
  }
  // Greek and other letters, and names that we do not know: symbols.
  ++at_;
  return symbol(name);
}

}  // namespace grpo::reward::math
