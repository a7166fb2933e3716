#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reward/math/expression.h"
#include "reward/math/lexer.h"

namespace grpo::reward::math {

/// Recursive descent over the tokens of one answer; see latex.h for the language. Throws
/// ParseError. Split over parser.cpp (binding), parser_postfix.cpp (what stands behind a value),
/// parser_brackets.cpp, parser_atoms.cpp (numbers, names, commands) and parser_functions.cpp.
class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  Ref run();

 private:
  using Kind = Token::Kind;

  // Binding, loosest first.
  Ref list();
  Ref comma_list();
  Ref relation();
  Ref set_expression();
  Ref sum();
  bool starts_unit() const;
  std::string unit_phrase();
  void unit_exponent(std::string& phrase);
  Ref product();
  Ref signed_factor();
  Ref factor();  // an atom with its powers and signs behind
  Ref postfix(Ref base);
  Ref degrees(Ref value);

  // Atoms.
  Ref atom();
  Ref number();
  Ref symbol(const std::string& name);
  Ref command();
  Ref braces();
  Ref parentheses();
  Ref brackets();
  Ref set_braces();
  std::optional<Ref> set_condition();
  Ref absolute();
  Ref fraction();
  std::optional<Rational> proper_fraction();
  Ref root();
  Ref binomial();
  Ref function(const std::string& name);
  Ref function_argument();
  Ref big_operator(Op op);
  Ref bound();
  Ref opaque(const std::string& name);
  Ref environment();
  Ref matrix(const std::string& name);
  Ref group_argument();  // {…} or a single token
  std::string raw_group();
  std::string subscript();

  bool starts_factor() const;
  bool is_mark(std::string_view mark) const { return is(Kind::mark, mark); }
  bool is_command(std::string_view name) const { return is(Kind::command, name); }
  bool is(Kind kind, std::string_view text) const {
    return peek().kind == kind && peek().text == text;
  }
  const Token& peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  bool take_mark(std::string_view mark);
  bool take_command(std::string_view name);
  void expect(std::string_view mark);
  [[noreturn]] void fail(const std::string& message) const {
    throw ParseError(message, peek().position);
  }

  /// Counts nesting while alive.
  class Depth {
   public:
    explicit Depth(Parser& parser);
    ~Depth() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  std::vector<Token> tokens_;
  size_t at_ = 0;
  int depth_ = 0;
  int steps_ = 0;         // constructs begun; grows with the signs, unless some are read again
  std::string currency_;  // a money sign was read before the value
  std::vector<std::string> bound_;  // indices of the sums being read
  int bars_ = 0;                    // open |: a bar then closes
};

}  // namespace grpo::reward::math
