#include <utility>
#include <vector>

#include "reward/math/parser.h"

namespace grpo::reward::math {

/// Behind the degree sign: 25°C is a temperature.
Ref Parser::degrees(Ref value) {
  if (peek().kind == Kind::letter && (peek().text == "C" || peek().text == "F") &&
      peek(1).kind != Kind::letter) {
    ++at_;
    return make(Op::quantity, {std::move(value)},
                tokens_[at_ - 1].text == "C" ? "celsius" : "fahrenheit");
  }
  return make(Op::degree, {std::move(value)});
}

Ref Parser::postfix(Ref base) {
  std::vector<Ref> exponents;  // 2^3^4 without braces is 2^(3^4)
  const auto raise = [&] {
    if (exponents.empty()) return;
    Ref exponent = exponents.back();
    while (exponents.pop_back(), !exponents.empty()) {
      exponent = make(Op::power, {exponents.back(), exponent});
    }
    base = make(Op::power, {base, exponent});
  };
  for (;;) {
    if (take_mark("^")) {
      // A degree sign is set as a power: 90^\circ.
      if (is_command("circ") || is_mark("°")) {
        ++at_;
        raise();
        base = degrees(base);
        continue;
      }
      if (is_mark("{") &&
          (is(Kind::command, "circ") || peek(1).text == "circ" || peek(1).text == "°") &&
          peek(2).text == "}") {
        at_ += 3;
        raise();
        base = degrees(base);
        continue;
      }
      // x^{2}, x^2, 10^32 (a plain number is taken whole), x^-1
      const bool negative = take_mark("-");
      auto exponent = group_argument();
      if (negative) exponent = make(Op::negate, {exponent});
      if (base->op == Op::text) continue;  // cm^2
      // v^2_0 is v_0^2
      if (base->op == Op::symbol && exponents.empty() && is_mark("_")) {
        base = make(Op::symbol, {}, base->name + subscript());
      }
      exponents.push_back(std::move(exponent));
    } else if (take_mark("!")) {
      raise();
      const bool twice = take_mark("!");  // n!! = n (n - 2) (n - 4) …
      base = make(Op::call, {base}, twice ? "factorial2" : "factorial");
    } else if (take_mark("%")) {
      raise();
      const Op op = base->op;
      if (op == Op::symbol || op == Op::text) fail("percent of a name");
      base = make(Op::percent, {base});
    } else if (is_mark("°") || is_command("circ")) {
      ++at_;
      raise();
      base = degrees(base);
    } else if (take_mark("'")) {
      raise();
      base = base->op == Op::symbol ? make(Op::symbol, {}, base->name + "'")
                                    : make(Op::call, {base}, "prime");
    } else if (is_mark("_") && exponents.empty() && base->op == Op::symbol) {
      base = make(Op::symbol, {}, base->name + subscript());  // y'_1, {a}_{b}
    } else {
      raise();
      return base;
    }
  }
}

}  // namespace grpo::reward::math
