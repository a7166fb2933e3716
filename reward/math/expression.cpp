#include "reward/math/expression.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace grpo::reward::math {
namespace {

std::string joined(const std::vector<Ref>& args, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) text += separator;
    text += canonical(*args[i]);
  }
  return text;
}

std::string relation_text(const Expression& e) {
  std::string text = canonical(*e.args[0]);
  for (size_t i = 0; i < e.ops.size(); ++i) {
    text += " " + e.ops[i] + " " + canonical(*e.args[i + 1]);
  }
  return text;
}

void collect_symbols(const Expression& e, std::vector<std::string>& names) {
  if (e.op == Op::symbol) names.push_back(e.name);
  const size_t before = names.size();
  for (const auto& arg : e.args) collect_symbols(*arg, names);
  if (e.op == Op::sum || e.op == Op::product) {  // its index is not free
    names.erase(std::remove(names.begin() + static_cast<int64_t>(before), names.end(), e.name),
                names.end());
  }
}

}  // namespace

Ref make(Op op, std::vector<Ref> args, std::string name) {
  Expression e;
  e.op = op;
  e.args = std::move(args);
  e.name = std::move(name);
  return std::make_shared<const Expression>(std::move(e));
}

Ref make_number(Rational value, bool decimal) {
  Expression e;
  e.number = std::move(value);
  e.decimal = decimal;
  return std::make_shared<const Expression>(std::move(e));
}

bool is_variable(const Expression& e) { return e.op == Op::symbol && !e.applied; }

bool is_minus_one(const Expression& e) {
  return e.op == Op::negate && e.args[0]->op == Op::number && e.args[0]->number == Rational(1);
}

std::string canonical(const Expression& e) {
  switch (e.op) {
    case Op::number:
      return e.name.empty() ? e.number.text() : e.number.text() + "_" + e.name;
    case Op::symbol:
    case Op::constant:
      return e.name;
    case Op::text:
      return "\"" + e.name + "\"";
    case Op::negate:
      return "-(" + canonical(*e.args[0]) + ")";
    case Op::add:
      return "(" + joined(e.args, " + ") + ")";
    case Op::multiply:
      return "(" + joined(e.args, "*") + ")";
    case Op::divide:
      return "(" + joined(e.args, "/") + ")";
    case Op::power:
      return "(" + joined(e.args, "^") + ")";
    case Op::root:
      return "root(" + joined(e.args, ", ") + ")";
    case Op::percent:
      return canonical(*e.args[0]) + "%";
    case Op::degree:
      return canonical(*e.args[0]) + "deg";
    case Op::quantity:
      return canonical(*e.args[0]) + "[" + e.name + "]";
    case Op::plus_minus:
      return e.args.size() == 1 ? "±" + canonical(*e.args[0]) : "(" + joined(e.args, " ± ") + ")";
    case Op::tuple:
      return "(" + joined(e.args, ", ") + ")";
    case Op::interval:
      return (e.left_open ? "(" : "[") + joined(e.args, ", ") + (e.right_open ? ")" : "]");
    case Op::list:
      return joined(e.args, ", ");
    case Op::set:
      return "{" + joined(e.args, ", ") + "}";
    case Op::set_union:
      return "(" + joined(e.args, " union ") + ")";
    case Op::intersection:
      return "(" + joined(e.args, " intersect ") + ")";
    case Op::difference:
      return "(" + joined(e.args, " minus ") + ")";
    case Op::ratio:
      return joined(e.args, ":");
    case Op::relation:
      return relation_text(e);
    case Op::matrix:
      return "matrix" + std::to_string(e.rows) + "[" + joined(e.args, ", ") + "]";
    case Op::call:
    case Op::opaque:
      return e.name + "(" + joined(e.args, ", ") + ")";
    case Op::sum:
      return "sum_" + e.name + "(" + joined(e.args, ", ") + ")";
    case Op::product:
      return "product_" + e.name + "(" + joined(e.args, ", ") + ")";
  }
  return "";
}

bool contains(const Expression& e, Op op) {
  return e.op == op || std::any_of(e.args.begin(), e.args.end(),
                                   [op](const Ref& arg) { return contains(*arg, op); });
}

bool has_decimal(const Expression& e) {
  return (e.op == Op::number && e.decimal) ||
         std::any_of(e.args.begin(), e.args.end(),
                     [](const Ref& arg) { return has_decimal(*arg); });
}

std::vector<std::string> symbols(const Expression& e) {
  std::vector<std::string> names;
  collect_symbols(e, names);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool is_scalar(const Expression& e) {
  switch (e.op) {
    case Op::text:
    case Op::plus_minus:
    case Op::tuple:
    case Op::interval:
    case Op::list:
    case Op::set:
    case Op::set_union:
    case Op::intersection:
    case Op::difference:
    case Op::matrix:
    case Op::relation:
    case Op::ratio:
      return false;
    default:
      return std::all_of(e.args.begin(), e.args.end(),
                         [](const Ref& arg) { return is_scalar(*arg); });
  }
}

}  // namespace grpo::reward::math
