#include "reward/countdown.h"

#include <algorithm>

#include "reward/extract.h"
#include "reward/extract_rules.h"
#include "reward/math/rational.h"

namespace grpo::reward {
namespace {

using math::Rational;

constexpr size_t kMaxExpression = 1000;  // characters; also bounds the recursion

/// Recursive descent over + - * / ( ); collects the numbers used.
class Calculator {
 public:
  explicit Calculator(std::string_view text) : text_(text) {}

  /// Nothing for anything that is not a whole expression, or divides by zero.
  std::optional<Rational> run() {
    auto value = sum(0);
    skip();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }
  const std::vector<int64_t>& numbers() const { return numbers_; }

 private:
  static constexpr int kMaxDepth = 100;

  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<Rational> sum(int depth) {
    auto value = product(depth);
    while (value) {
      const bool plus = take('+');
      if (!plus && !take('-')) break;
      const auto right = product(depth);
      if (!right) return std::nullopt;
      value = plus ? *value + *right : *value - *right;
    }
    return value;
  }

  std::optional<Rational> product(int depth) {
    auto value = atom(depth);
    while (value) {
      const bool times = take('*');
      if (!times && !take('/')) break;
      const auto right = atom(depth);
      if (!right || (!times && right->is_zero())) return std::nullopt;
      value = times ? *value * *right : *value / *right;
    }
    return value;
  }

  std::optional<Rational> atom(int depth) {
    if (depth > kMaxDepth) return std::nullopt;
    if (take('(')) {
      auto value = sum(depth + 1);
      if (!value || !take(')')) return std::nullopt;
      return value;
    }
    if (take('-')) {
      auto value = atom(depth + 1);
      if (!value) return std::nullopt;
      return Rational(0) - *value;
    }
    skip();
    const size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    if (at_ == begin || at_ - begin > 15) return std::nullopt;
    numbers_.push_back(std::stoll(std::string(text_.substr(begin, at_ - begin))));
    return Rational(numbers_.back());
  }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<int64_t> numbers_;
};

}  // namespace

Score CountdownVerifier::score(const datasets::Problem& problem, std::string_view response) const {
  Score score;
  const auto target = math::parse_decimal(problem.answer.starts_with("-") ? problem.answer.substr(1)
                                                                          : problem.answer);
  if (!target || problem.numbers.empty()) {
    score.outcome = Outcome::unverifiable;
    score.rule = "countdown: no target";
    return score;
  }
  const Rational wanted = problem.answer.starts_with("-") ? Rational(0) - *target : *target;

  const auto answer = last_tag(response, "answer");
  if (!answer) {
    score.rule = "countdown: no <answer>";
    return score;
  }
  score.extracted = std::string(trim(*answer));
  score.value = near_value_;
  std::string_view expression = score.extracted;
  if (const auto equals = expression.find('='); equals != std::string_view::npos) {
    // "= target" may follow, and nothing but the target.
    const auto side = math::parse_plain_number(expression.substr(equals + 1));
    expression = trim(expression.substr(0, equals));
    if (!side || side->value != wanted) {
      score.rule = "countdown: states another value";
      return score;
    }
  }
  Calculator calculator(expression.substr(0, kMaxExpression + 1));
  const auto value =
      expression.size() <= kMaxExpression ? calculator.run() : std::optional<Rational>();
  if (!value) {
    score.rule = "countdown: not an expression";
    return score;
  }
  auto used = calculator.numbers(), given = problem.numbers;
  std::sort(used.begin(), used.end());
  std::sort(given.begin(), given.end());
  if (used != given) {
    score.rule = "countdown: other numbers";
  } else if (*value != wanted) {
    score.rule = "countdown: other value";
  } else {
    score.rule = "countdown";
    score.outcome = Outcome::correct;
    score.value = 1;
  }
  return score;
}

}  // namespace grpo::reward
