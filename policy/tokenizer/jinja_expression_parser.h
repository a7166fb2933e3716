#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "policy/tokenizer/jinja_syntax.h"

namespace grpo::policy::jinja {

/// The tokens of a template with the reading position, and the grammar of expressions over them.
/// Precedence, from loose to tight: conditional, or, and, not, comparisons and in, + -, ~,
/// * / // %, ** (left to right, as Jinja has it), unary and postfix, filters and tests.
class ExpressionParser {
 public:
  ExpressionParser(std::vector<Token> tokens, const std::string& name)
      : tokens_(std::move(tokens)), name_(name) {}

  const Token& token() const { return tokens_[at_]; }
  Token next();
  bool is(Token::Kind kind, std::string_view text = {}) const;
  bool is_symbol(std::string_view text) const { return is(Token::Kind::symbol, text); }
  bool is_name(std::string_view text) const { return is(Token::Kind::name, text); }
  bool skip_symbol(std::string_view text);
  bool skip_name(std::string_view text);
  void expect_symbol(std::string_view text);
  /// A name that is no keyword.
  std::string expect_name();

  enum class Conditional { allowed, forbidden };
  /// An expression, or several with commas: a tuple.
  ExpressionPtr parse_tuple(Conditional conditional);
  ExpressionPtr parse_expression();
  /// The filters after `subject`, which may be null; at least one unless `subject` is there.
  ExpressionPtr parse_filters(ExpressionPtr subject);

  [[noreturn]] void error(Position position, const std::string& what) const;
  [[noreturn]] void unexpected(std::string_view wanted) const;

  /// Counts the nesting of what is being read; fails when it is too deep.
  class Nesting {
   public:
    explicit Nesting(ExpressionParser& parser);
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ExpressionParser& parser_;
  };

 private:
  using Level = ExpressionPtr (ExpressionParser::*)();
  ExpressionPtr parse_logical(Expression::Kind kind, std::string_view word, Level tighter);
  ExpressionPtr parse_binary(std::initializer_list<std::string_view> symbols, Level tighter);
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concat();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_filtered();
  ExpressionPtr parse_unary();
  ExpressionPtr parse_primary();
  ExpressionPtr parse_name();
  ExpressionPtr parse_parentheses();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr node);
  ExpressionPtr parse_filter_chain(ExpressionPtr node);
  ExpressionPtr parse_subscript(ExpressionPtr node);
  ExpressionPtr parse_test(ExpressionPtr node);
  void parse_arguments(Expression& call);
  std::string comparison_operator();

  static ExpressionPtr make(Expression::Kind kind, Position position);
  void adopt(Expression& parent, ExpressionPtr child) const;

  std::vector<Token> tokens_;
  const std::string& name_;
  size_t at_ = 0;
  int nesting_ = 0;
};

}  // namespace grpo::policy::jinja
