#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "reward/ascii.h"
#include "reward/math/lexer.h"

namespace grpo::reward::math {

/// Turns one text into tokens, see lexer.h. Split over lexer.cpp (commands, marks), lexer_words.cpp
/// and lexer_numbers.cpp.
class Lexer {
 public:
  explicit Lexer(std::string_view text)
      : text_(text),
        has_environment_(text.find("\\begin") != std::string_view::npos),
        dollars_(std::count(text.begin(), text.end(), '$')) {}

  std::vector<Token> run();

 private:
  using Kind = Token::Kind;
  void add(Kind kind, std::string_view text);
  void next();
  bool follows(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

  bool starts_number() const;
  bool follows_number() const { return !tokens_.empty() && tokens_.back().kind == Kind::number; }

  bool follows_value() const {
    return follows_number() || (!tokens_.empty() && tokens_.back().text == "}");
  }

  /// The end of a thousands separator at `at` that exactly three digits follow, else `at`.
  size_t separator_end(size_t at) const;
  void take_digits(std::string& digits);
  void number();

  /// The digits that recur behind decimals, in any spelling, as \overline{digits}:
  /// 0.1\overline{6}, 0.\dot{1}4\dot{2}, 0.(3), and 0.333… when a digit stands three times.
  bool recurring(std::string digits);
  void word();

  /// Nothing but the end of a sentence or of a formula from `at` on.
  bool ends_at(size_t at) const;
  /// Blanks around the word from at_ to `end`.
  bool stands_alone(size_t end) const;
  bool is_article(std::string_view run, size_t end) const;
  /// Behind a number and one word: "540 meters".
  bool after_unit() const;
  bool after_per() const { return !tokens_.empty() && tokens_.back().text == "per"; }

  /// "3 x 10^5": an x with blanks around it, between a number and a power of ten.
  bool is_times() const;

  /// Plain words: operators, multipliers, units and labels.
  void meaning(std::string_view word);
  void unicode();

  /// A run of raised or lowered digits: x², 10⁻³, x₁₂.
  void script_digits();

  /// A command or mark by its normal name.
  void emit(std::string_view name);
  void mark();
  void command();
  void escaped(char c);
  std::string_view group();
  void words(std::string_view command, std::string_view content);

  void plain(std::string_view inner);
  static bool are_choices(std::string_view inner);  // "A, C": capital letters and commas

  /// Several words are one text, unless one of them changes the value.
  void phrase(std::string_view words);

  static constexpr size_t kMaxNumberLength = 2000;

  std::string_view text_;
  bool has_environment_;
  std::ptrdiff_t dollars_;
  size_t at_ = 0;
  size_t start_ = 0;
  int brackets_ = 0;  // open ( [ and \{
  bool space_ = false;
  std::vector<Token> tokens_;
};

}  // namespace grpo::reward::math
