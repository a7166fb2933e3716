#include "policy/tokenizer/jinja_operators.h"

#include <cmath>

#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

[[noreturn]] void fail_types(std::string_view op, const Value& left, const Value& right) {
  if (op == "+" && left.text() != nullptr) {
    fail("TypeError: can only concatenate str (not \"{}\") to str", type_name(right));
  }
  fail("TypeError: unsupported operand type(s) for {}: '{}' and '{}'", op, type_name(left),
       type_name(right));
}

double to_double(const Value& value) {
  if (const double* real = value.get<double>()) return *real;
  return static_cast<double>(*value.as_integer());
}

void check_overflow(bool overflow) {
  if (overflow) fail("an integer that does not fit 64 bits");
}

int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

Value integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  // A base other than 0, 1, -1 overflows within 64 steps, and these three have a period of 2.
  if (base >= -1 && base <= 1) exponent = exponent > 2 ? 2 + exponent % 2 : exponent;
  for (; exponent > 0; --exponent) {
    check_overflow(__builtin_mul_overflow(result, base, &result));
  }
  return Value(result);
}

Value integers(std::string_view op, int64_t a, int64_t b) {
  int64_t result = 0;
  if (op == "+" || op == "-" || op == "*") {
    check_overflow(op == "+"   ? __builtin_add_overflow(a, b, &result)
                   : op == "-" ? __builtin_sub_overflow(a, b, &result)
                               : __builtin_mul_overflow(a, b, &result));
    return Value(result);
  }
  if (op == "**" && b >= 0) return integer_power(a, b);
  if (op == "**") {
    if (a == 0) fail("ZeroDivisionError: 0 to a negative power");
    return Value(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
  if (b == 0) fail("ZeroDivisionError: division by zero");
  if (op == "/") return Value(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1) {  // the one quotient that overflows
    if (op == "//") check_overflow(__builtin_sub_overflow(int64_t{0}, a, &result));
    return Value(result);
  }
  const int64_t quotient = floor_divide(a, b);
  return Value(op == "//" ? quotient : a - quotient * b);
}

double python_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

double python_floor_divide(double a, double b) {
  const double quotient = (a - python_modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

Value reals(std::string_view op, double a, double b) {
  if (op == "+") return Value(a + b);
  if (op == "-") return Value(a - b);
  if (op == "*") return Value(a * b);
  if (op == "**") {
    if (a == 0 && b < 0) fail("ZeroDivisionError: 0 to a negative power");
    const double result = std::pow(a, b);
    if (std::isnan(result) && !std::isnan(a) && !std::isnan(b)) {
      fail("a complex number is not supported");
    }
    if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) fail("OverflowError: **");
    return Value(result);
  }
  if (b == 0) fail("ZeroDivisionError: float division by zero");
  if (op == "/") return Value(a / b);
  return Value(op == "//" ? python_floor_divide(a, b) : python_modulo(a, b));
}

/// markupsafe.escape.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// Joined to Markup, a plain text is escaped.
Value add_texts(const Value& left, const Value& right, Budget& budget) {
  budget.spend_text(left.text()->size() + right.text()->size());
  if (!left.is_markup() && !right.is_markup()) return Value(*left.text() + *right.text());
  const auto safe = [](const Value& v) { return v.is_markup() ? *v.text() : escape(*v.text()); };
  std::string joined = safe(left) + safe(right);
  budget.spend_text(joined.size());
  return Value::markup(std::move(joined));
}

bool is_list_or_tuple(const Sequence* sequence) {
  return sequence != nullptr && sequence->kind <= Sequence::Kind::tuple;
}

Value make_like(const Sequence& like, std::vector<Value> items) {
  return like.kind == Sequence::Kind::list ? Value::list(std::move(items))
                                           : Value::tuple(std::move(items));
}

Value add(const Value& left, const Value& right, Budget& budget) {
  if (left.text() != nullptr && right.text() != nullptr) return add_texts(left, right, budget);
  const Sequence* a = left.sequence();
  const Sequence* b = right.sequence();
  if (!is_list_or_tuple(a) || !is_list_or_tuple(b) || a->kind != b->kind) {
    fail_types("+", left, right);
  }
  budget.spend(a->items.size() + b->items.size());
  std::vector<Value> items = a->items;
  items.insert(items.end(), b->items.begin(), b->items.end());
  return make_like(*a, std::move(items));
}

Value repeat(const Value& left, const Value& right, Budget& budget) {
  const bool count_first = left.as_integer().has_value();
  const auto count = count_first ? left.as_integer() : right.as_integer();
  const Value& repeated = count_first ? right : left;
  if (!count) fail_types("*", left, right);
  const auto times = static_cast<size_t>(std::max<int64_t>(*count, 0));
  if (const std::string* text = repeated.text()) {
    if (text->empty()) return repeated;
    if (times > Budget::kMaxText / text->size()) budget.spend_text(Budget::kMaxText + 1);
    budget.spend_text(times * text->size());
    std::string out;
    for (size_t i = 0; i < times; ++i) out += *text;
    return repeated.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
  }
  const Sequence* sequence = repeated.sequence();
  if (!is_list_or_tuple(sequence)) fail_types("*", left, right);
  std::vector<Value> items;
  if (!sequence->items.empty()) {
    for (size_t i = 0; i < times; ++i) {
      budget.spend(sequence->items.size());
      items.insert(items.end(), sequence->items.begin(), sequence->items.end());
    }
  }
  return make_like(*sequence, std::move(items));
}

}  // namespace

void require_defined(const Value& value) {
  if (const Undefined* undefined = value.get<Undefined>()) fail("{}", *undefined->why);
}

Value binary(std::string_view op, const Value& left, const Value& right, Budget& budget) {
  require_defined(left);
  require_defined(right);
  const auto a = left.as_integer();
  const auto b = right.as_integer();
  if (a && b) return integers(op, *a, *b);
  if (left.is_number() && right.is_number()) return reals(op, to_double(left), to_double(right));
  if (op == "+") return add(left, right, budget);
  if (op == "*") return repeat(left, right, budget);
  if (op == "%" && left.text() != nullptr) fail("formatting a text with % is not supported");
  fail_types(op, left, right);
}

Value negate(const Value& value) {
  require_defined(value);
  if (const double* real = value.get<double>()) return Value(-*real);
  const auto integer = value.as_integer();
  if (!integer) fail("TypeError: bad operand type for unary -: '{}'", type_name(value));
  return integers("-", 0, *integer);
}

Value plus_sign(const Value& value) {
  require_defined(value);
  if (value.is<double>()) return value;
  const auto integer = value.as_integer();
  if (!integer) fail("TypeError: bad operand type for unary +: '{}'", type_name(value));
  return Value(*integer);
}

bool contains(const Value& haystack, const Value& needle, Budget& budget) {
  if (const std::string* text = haystack.text()) {
    if (needle.text() == nullptr) {
      fail("TypeError: 'in <string>' requires string as left operand, not {}", type_name(needle));
    }
    budget.spend(1 + text->size() / 64);
    return text->find(*needle.text()) != std::string::npos;
  }
  if (const Dict* dict = haystack.dict()) {
    if (needle.sequence() != nullptr || needle.dict() != nullptr) {
      fail("TypeError: unhashable type: '{}'", type_name(needle));
    }
    return find(*dict, needle, budget) != nullptr;
  }
  const bool is_container = haystack.is<Undefined>() || haystack.sequence() != nullptr ||
                            haystack.is<std::shared_ptr<Generator>>();
  if (!is_container) {
    fail("TypeError: argument of type '{}' is not iterable", type_name(haystack));
  }
  const Next next = iterate(haystack, budget);
  while (const auto item = next()) {
    if (equal(*item, needle, budget)) return true;
  }
  return false;
}

bool compare(std::string_view op, const Value& left, const Value& right, Budget& budget) {
  if (op == "==") return equal(left, right, budget);
  if (op == "!=") return !equal(left, right, budget);
  if (op == "in") return contains(right, left, budget);
  if (op == "not in") return !contains(right, left, budget);
  if (op == "<") return less(left, right, budget);
  if (op == ">") return less(right, left, budget);
  // Not the negation of the other order: with NaN both are false.
  if (op == "<=") return less(left, right, budget) || equal(left, right, budget);
  return less(right, left, budget) || equal(left, right, budget);
}

}  // namespace grpo::policy::jinja
