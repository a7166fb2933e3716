#include "policy/tokenizer/jinja_expression_parser.h"

#include <algorithm>
#include <array>

#include "policy/tokenizer/jinja_filters.h"
#include "policy/tokenizer/jinja_tests.h"

namespace grpo::policy::jinja {
namespace {

using Kind = Expression::Kind;

constexpr int kMaxNesting = 100;          // brackets, unary operators, blocks while reading
constexpr int kMaxExpressionDepth = 200;  // of the tree: bounds the recursion that walks it

constexpr std::array<std::string_view, 9> kKeywords = {"and", "or",   "not",  "in", "is",
                                                       "if",  "else", "elif", "for"};

bool is_keyword(std::string_view name) {
  return std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end();
}

}  // namespace

ExpressionParser::Nesting::Nesting(ExpressionParser& parser) : parser_(parser) {
  if (parser.nesting_ >= kMaxNesting) {
    parser.error(parser.token().position, fmt::format("nested deeper than {}", kMaxNesting));
  }
  ++parser.nesting_;
}

Token ExpressionParser::next() {
  Token token = tokens_[at_];
  if (token.kind != Token::Kind::end) ++at_;
  return token;
}

bool ExpressionParser::is(Token::Kind kind, std::string_view text) const {
  return token().kind == kind && (text.empty() || token().text == text);
}

bool ExpressionParser::skip_symbol(std::string_view text) {
  if (!is_symbol(text)) return false;
  next();
  return true;
}

bool ExpressionParser::skip_name(std::string_view text) {
  if (!is_name(text)) return false;
  next();
  return true;
}

void ExpressionParser::expect_symbol(std::string_view text) {
  if (!skip_symbol(text)) unexpected(fmt::format("'{}'", text));
}

std::string ExpressionParser::expect_name() {
  if (token().kind != Token::Kind::name || is_keyword(token().text)) unexpected("a name");
  return next().text;
}

void ExpressionParser::error(Position position, const std::string& what) const {
  syntax_error(name_, position, what);
}

void ExpressionParser::unexpected(std::string_view wanted) const {
  static constexpr std::array<std::string_view, 11> kKinds = {"text",
                                                              "'{{'",
                                                              "'}}'",
                                                              "'{%'",
                                                              "'%}'",
                                                              "a name",
                                                              "a string",
                                                              "an integer",
                                                              "a number",
                                                              "a symbol",
                                                              "the end of the template"};
  const Token& found = token();
  const bool shows_text = found.kind == Token::Kind::name || found.kind == Token::Kind::symbol;
  error(found.position,
        fmt::format("expected {}, got {}", wanted,
                    shows_text ? fmt::format("'{}'", found.text)
                               : std::string(kKinds[static_cast<size_t>(found.kind)])));
}

ExpressionPtr ExpressionParser::make(Kind kind, Position position) {
  auto node = std::make_unique<Expression>();
  node->kind = kind;
  node->position = position;
  return node;
}

void ExpressionParser::adopt(Expression& parent, ExpressionPtr child) const {
  if (child != nullptr) {
    parent.depth = std::max(parent.depth, child->depth + 1);
    if (parent.depth > kMaxExpressionDepth) {
      error(parent.position, fmt::format("an expression deeper than {}", kMaxExpressionDepth));
    }
  }
  parent.children.push_back(std::move(child));
}

ExpressionPtr ExpressionParser::parse_tuple(Conditional conditional) {
  const auto parse_item = [&] {
    return conditional == Conditional::allowed ? parse_expression() : parse_or();
  };
  const Position position = token().position;
  ExpressionPtr first = parse_item();
  if (!is_symbol(",")) return first;
  ExpressionPtr tuple = make(Kind::tuple, position);
  adopt(*tuple, std::move(first));
  while (skip_symbol(",")) {
    const bool ends = is(Token::Kind::output_end) || is(Token::Kind::block_end) || is_symbol(")");
    if (ends) break;
    adopt(*tuple, parse_item());
  }
  return tuple;
}

ExpressionPtr ExpressionParser::parse_expression() {
  const Nesting nesting(*this);
  ExpressionPtr node = parse_or();
  while (is_name("if")) {
    ExpressionPtr conditional = make(Kind::conditional, next().position);
    ExpressionPtr condition = parse_or();
    ExpressionPtr otherwise = skip_name("else") ? parse_expression() : nullptr;
    adopt(*conditional, std::move(condition));
    adopt(*conditional, std::move(node));
    adopt(*conditional, std::move(otherwise));
    node = std::move(conditional);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_logical(Kind kind, std::string_view word, Level tighter) {
  ExpressionPtr node = (this->*tighter)();
  while (is_name(word)) {
    ExpressionPtr parent = make(kind, next().position);
    adopt(*parent, std::move(node));
    adopt(*parent, (this->*tighter)());
    node = std::move(parent);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_binary(std::initializer_list<std::string_view> symbols,
                                             Level tighter) {
  const auto is_operator = [&] {
    return std::any_of(symbols.begin(), symbols.end(), [this](auto s) { return is_symbol(s); });
  };
  ExpressionPtr node = (this->*tighter)();
  while (is_operator()) {
    ExpressionPtr parent = make(Kind::binary, token().position);
    parent->name = next().text;
    adopt(*parent, std::move(node));
    adopt(*parent, (this->*tighter)());
    node = std::move(parent);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_or() {
  return parse_logical(Kind::logical_or, "or", &ExpressionParser::parse_and);
}

ExpressionPtr ExpressionParser::parse_and() {
  return parse_logical(Kind::logical_and, "and", &ExpressionParser::parse_not);
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!is_name("not")) return parse_comparison();
  const Nesting nesting(*this);
  ExpressionPtr node = make(Kind::logical_not, next().position);
  adopt(*node, parse_not());
  return node;
}

std::string ExpressionParser::comparison_operator() {
  static constexpr std::array<std::string_view, 6> kOperators = {"==", "!=", "<", "<=", ">", ">="};
  if (token().kind == Token::Kind::symbol &&
      std::find(kOperators.begin(), kOperators.end(), token().text) != kOperators.end()) {
    return next().text;
  }
  if (skip_name("in")) return "in";
  const bool is_not_in =
      is_name("not") && tokens_[at_ + 1].kind == Token::Kind::name && tokens_[at_ + 1].text == "in";
  if (!is_not_in) return "";
  at_ += 2;
  return "not in";
}

ExpressionPtr ExpressionParser::parse_comparison() {
  ExpressionPtr node = parse_sum();
  const Position position = token().position;
  std::string op = comparison_operator();
  if (op.empty()) return node;
  ExpressionPtr comparison = make(Kind::comparison, position);
  adopt(*comparison, std::move(node));
  for (; !op.empty(); op = comparison_operator()) {
    comparison->operators.push_back(op);
    adopt(*comparison, parse_sum());
  }
  return comparison;
}

ExpressionPtr ExpressionParser::parse_sum() {
  return parse_binary({"+", "-"}, &ExpressionParser::parse_concat);
}

ExpressionPtr ExpressionParser::parse_concat() {
  ExpressionPtr node = parse_product();
  if (!is_symbol("~")) return node;
  ExpressionPtr concat = make(Kind::concat, token().position);
  adopt(*concat, std::move(node));
  while (skip_symbol("~")) adopt(*concat, parse_product());
  return concat;
}

ExpressionPtr ExpressionParser::parse_product() {
  return parse_binary({"*", "/", "//", "%"}, &ExpressionParser::parse_power);
}

ExpressionPtr ExpressionParser::parse_power() {
  return parse_binary({"**"}, &ExpressionParser::parse_filtered);
}

ExpressionPtr ExpressionParser::parse_filtered() { return parse_filter_chain(parse_unary()); }

ExpressionPtr ExpressionParser::parse_unary() {
  const Nesting nesting(*this);
  ExpressionPtr node;
  if (is_symbol("-") || is_symbol("+")) {
    node = make(is_symbol("-") ? Kind::negative : Kind::positive, token().position);
    next();
    adopt(*node, parse_unary());
  } else {
    node = parse_primary();
  }
  return parse_postfix(std::move(node));
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& first = token();
  if (first.kind == Token::Kind::name) return parse_name();
  if (is_symbol("(")) return parse_parentheses();
  if (is_symbol("[")) return parse_list();
  if (is_symbol("{")) return parse_dict();
  ExpressionPtr node = make(Kind::constant, first.position);
  if (first.kind == Token::Kind::string) {
    std::string text = next().text;
    while (is(Token::Kind::string)) text += next().text;
    node->constant = Value(std::move(text));
  } else if (first.kind == Token::Kind::integer) {
    node->constant = Value(next().integer);
  } else if (first.kind == Token::Kind::real) {
    node->constant = Value(next().real);
  } else {
    unexpected("an expression");
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_name() {
  ExpressionPtr node = make(Kind::constant, token().position);
  std::string name = expect_name();
  if (name == "true" || name == "True") {
    node->constant = Value(true);
  } else if (name == "false" || name == "False") {
    node->constant = Value(false);
  } else if (name == "none" || name == "None") {
    node->constant = Value();
  } else {
    node->kind = Kind::name;
    node->name = std::move(name);
  }
  return node;
}

ExpressionPtr ExpressionParser::parse_parentheses() {
  const Position position = next().position;
  if (skip_symbol(")")) return make(Kind::tuple, position);
  ExpressionPtr node = parse_tuple(Conditional::allowed);
  expect_symbol(")");
  return node;
}

ExpressionPtr ExpressionParser::parse_list() {
  ExpressionPtr list = make(Kind::list, next().position);
  while (!is_symbol("]")) {
    adopt(*list, parse_expression());
    if (!skip_symbol(",")) break;
  }
  expect_symbol("]");
  return list;
}

ExpressionPtr ExpressionParser::parse_dict() {
  ExpressionPtr dict = make(Kind::dict, next().position);
  while (!is_symbol("}")) {
    adopt(*dict, parse_expression());
    expect_symbol(":");
    adopt(*dict, parse_expression());
    if (!skip_symbol(",")) break;
  }
  expect_symbol("}");
  return dict;
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr node) {
  while (true) {
    if (is_symbol(".") || is_symbol("[")) {
      node = parse_subscript(std::move(node));
    } else if (is_symbol("(")) {
      ExpressionPtr call = make(Kind::call, token().position);
      adopt(*call, std::move(node));
      parse_arguments(*call);
      node = std::move(call);
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filter_chain(ExpressionPtr node) {
  while (true) {
    if (is_symbol("|")) {
      node = parse_filters(std::move(node));
    } else if (is_name("is")) {
      node = parse_test(std::move(node));
    } else if (is_symbol("(")) {  // the result of a filter or test is called
      node = parse_postfix(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ExpressionParser::parse_filters(ExpressionPtr subject) {
  do {
    if (subject != nullptr || is_symbol("|")) expect_symbol("|");
    ExpressionPtr filter = make(Kind::filter, token().position);
    filter->name = expect_name();
    if (find_filter(filter->name) == nullptr) {
      error(filter->position, fmt::format("the filter '{}' is not supported", filter->name));
    }
    adopt(*filter, std::move(subject));
    if (is_symbol("(")) parse_arguments(*filter);
    subject = std::move(filter);
  } while (is_symbol("|"));
  return subject;
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr node) {
  const Position position = token().position;
  if (skip_symbol(".")) {
    ExpressionPtr child = make(Kind::attribute, position);
    adopt(*child, std::move(node));
    if (is(Token::Kind::integer)) {
      child->kind = Kind::item;
      ExpressionPtr index = make(Kind::constant, token().position);
      index->constant = Value(next().integer);
      adopt(*child, std::move(index));
    } else if (is(Token::Kind::name)) {
      child->name = next().text;  // also a keyword, after a dot
    } else {
      unexpected("a name or an index");
    }
    return child;
  }
  expect_symbol("[");
  const auto bound = [this]() -> ExpressionPtr {
    return is_symbol(":") || is_symbol("]") ? nullptr : parse_expression();
  };
  ExpressionPtr first = bound();
  if (!is_symbol(":") && first == nullptr) unexpected("an index");
  ExpressionPtr child = make(is_symbol(":") ? Kind::slice : Kind::item, position);
  adopt(*child, std::move(node));
  adopt(*child, std::move(first));
  if (child->kind == Kind::slice) {
    expect_symbol(":");
    adopt(*child, bound());
    adopt(*child, skip_symbol(":") ? bound() : nullptr);
  }
  expect_symbol("]");
  return child;
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr node) {
  const Position position = next().position;
  const bool negated = skip_name("not");
  ExpressionPtr test = make(Kind::test, token().position);
  if (!is(Token::Kind::name)) unexpected("the name of a test");
  test->name = next().text;
  if (find_test(test->name) == nullptr) {
    error(test->position, fmt::format("the test '{}' is not supported", test->name));
  }
  adopt(*test, std::move(node));
  const bool begins_operand = (is(Token::Kind::name) && !is_keyword(token().text)) ||
                              is(Token::Kind::string) || is(Token::Kind::integer) ||
                              is(Token::Kind::real) || is_symbol("[") || is_symbol("{");
  if (is_symbol("(")) {
    parse_arguments(*test);
  } else if (begins_operand) {  // `x is divisibleby 3`
    const Nesting nesting(*this);
    adopt(*test, parse_postfix(parse_primary()));
  } else if (is_name("is")) {
    unexpected("no second test");
  }
  if (!negated) return test;
  ExpressionPtr node_not = make(Kind::logical_not, position);
  adopt(*node_not, std::move(test));
  return node_not;
}

void ExpressionParser::parse_arguments(Expression& call) {
  expect_symbol("(");
  while (!is_symbol(")")) {
    if (is_symbol("*") || is_symbol("**")) unexpected("an argument (* and ** are not supported)");
    const bool is_named = is(Token::Kind::name) && tokens_[at_ + 1].kind == Token::Kind::symbol &&
                          tokens_[at_ + 1].text == "=";
    if (is_named) {
      const Position position = token().position;
      std::string name = expect_name();
      next();
      for (const auto& [other, value] : call.named) {
        if (other == name) error(position, fmt::format("the argument '{}' twice", name));
      }
      ExpressionPtr value = parse_expression();
      call.depth = std::max(call.depth, value->depth + 1);
      if (call.depth > kMaxExpressionDepth) {
        error(position, fmt::format("an expression deeper than {}", kMaxExpressionDepth));
      }
      call.named.emplace_back(std::move(name), std::move(value));
    } else if (!call.named.empty()) {
      unexpected("a named argument: they stand last");
    } else {
      adopt(call, parse_expression());
    }
    if (!skip_symbol(",")) break;
  }
  expect_symbol(")");
}

}  // namespace grpo::policy::jinja
