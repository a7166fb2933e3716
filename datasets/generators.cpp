#include "datasets/generators.h"

#include <array>
#include <optional>

#include "base/error.h"
#include "base/fnv1a.h"
#include "base/random.h"
#include "datasets/names.h"

namespace grpo::datasets {
namespace {

constexpr int kMaxTries = 20000;  // per problem: beyond this the parameters allow (almost) none

/// A partly built expression: its text, value, and how it is worked out.
struct Term {
  int64_t value = 0;
  std::string text;
  int precedence = 3;              // 3 a number, 2 a product or quotient, 1 a sum or difference
  std::vector<std::string> steps;  // "12+7=19", innermost and leftmost first
};

int64_t between(Random& random, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random.below(static_cast<uint64_t>(high - low) + 1));
}

bool chance(Random& random, double probability) { return random.uniform() < probability; }

int precedence(char op) { return op == '+' || op == '-' ? 1 : 2; }

Term number(int64_t value) { return {value, std::to_string(value), 3, {}}; }

std::string in_parentheses(const Term& term, bool needed) {
  return needed ? "(" + term.text + ")" : term.text;
}

/// `left op right`, or nothing when the value is out of bounds or not whole.
std::optional<Term> combine(const Term& left, char op, const Term& right,
                            const GeneratorConfig& config) {
  const int64_t a = left.value, b = right.value;
  if (op == '/' && (b == 0 || a % b != 0)) return std::nullopt;
  const int64_t value = op == '+' ? a + b : op == '-' ? a - b : op == '*' ? a * b : a / b;
  if (std::abs(value) > config.max_value || (value < 0 && !config.negative)) return std::nullopt;

  Term result;
  result.value = value;
  result.precedence = precedence(op);
  result.text = in_parentheses(left, left.precedence < result.precedence) + op +
                in_parentheses(right, right.precedence <= result.precedence);
  result.steps = left.steps;
  result.steps.insert(result.steps.end(), right.steps.begin(), right.steps.end());
  result.steps.push_back(fmt::format("{}{}{}={}", a, op, b, value));
  return result;
}

/// The operators that may head a sub-expression in this place without parentheses.
std::string without_parentheses(const std::string& operators, int parent, bool right) {
  std::string allowed;
  for (const char op : operators) {
    if (right ? precedence(op) > parent : precedence(op) >= parent) allowed += op;
  }
  return allowed;
}

std::optional<Term> expression(Random& random, const GeneratorConfig& config, int64_t operations,
                               const std::string& operators) {
  if (operations == 0) return number(between(random, 1, config.max_operand));
  const char op = operators[static_cast<size_t>(
      between(random, 0, static_cast<int64_t>(operators.size()) - 1))];
  int64_t on_the_left = between(random, 0, operations - 1);
  const auto side = [&](bool right, int64_t count) -> std::optional<Term> {
    const std::string plain = without_parentheses(config.operators, precedence(op), right);
    const bool free = plain.empty() || chance(random, config.parentheses);
    return expression(random, config, count, free ? config.operators : plain);
  };
  // A product's right side always needs parentheses, so work goes left unless they are asked for.
  if (!chance(random, config.parentheses)) on_the_left = operations - 1;
  const auto left = side(false, on_the_left);
  if (!left) return std::nullopt;
  const auto right = side(true, operations - 1 - on_the_left);
  if (!right) return std::nullopt;
  return combine(*left, op, *right, config);
}

std::string coefficient(int64_t a) { return a == 1 ? "x" : std::to_string(a) + "x"; }

std::string signed_term(int64_t b) { return fmt::format("{}{}", b < 0 ? '-' : '+', std::abs(b)); }

/// A problem and what a right response puts between the <answer> tags.
struct Made {
  Problem problem;
  std::string answer;
};

std::optional<Made> arithmetic(Random& random, const GeneratorConfig& config) {
  const auto term = expression(random, config, config.operations, config.operators);
  if (!term) return std::nullopt;
  Problem problem;
  problem.prompt = term->text + "=?";
  problem.answer = std::to_string(term->value);
  problem.solution = fmt::format("{}", fmt::join(term->steps, "; "));
  return Made{problem, problem.answer};
}

/// ax+b=c, or ax+b=cx+d with a > c when more than two operations are asked for.
std::optional<Made> linear(Random& random, const GeneratorConfig& config) {
  const bool both_sides = config.operations > 2;
  const int64_t x = between(random, config.negative ? -config.max_operand : 0, config.max_operand);
  const int64_t a = between(random, 2, config.max_operand);
  const int64_t c = both_sides ? between(random, 1, a - 1) : 0;
  const int64_t b = between(random, 1, config.max_operand) * (chance(random, 0.5) ? 1 : -1);
  const int64_t d = (a - c) * x + b;  // what is left on the right
  if (std::abs(d) > config.max_value || std::abs(a * x + b) > config.max_value) {
    return std::nullopt;
  }
  if (!config.negative && d < 0) return std::nullopt;

  const int64_t k = a - c;
  Problem problem;
  std::vector<std::string> steps;
  if (both_sides) {
    if (d == 0) return std::nullopt;  // "cx+0" is no text that a schoolbook prints
    problem.prompt = fmt::format("{}{}={}{}; x=?", coefficient(a), signed_term(b), coefficient(c),
                                 signed_term(d));
    steps.push_back(fmt::format("{}-{}={}", coefficient(a), coefficient(c), coefficient(k)));
  } else {
    problem.prompt = fmt::format("{}{}={}; x=?", coefficient(a), signed_term(b), d);
  }
  steps.push_back(fmt::format("{}={}{}={}", coefficient(k), d, signed_term(-b), d - b));
  if (k != 1) steps.push_back(fmt::format("x={}/{}={}", d - b, k, x));
  problem.answer = std::to_string(x);
  problem.solution = fmt::format("{}", fmt::join(steps, "; "));
  return Made{problem, problem.answer};
}

/// All of `numbers` combined in a random order by random operators, or nothing if out of bounds.
std::optional<Term> combine_all(Random& random, const GeneratorConfig& config,
                                const std::vector<int64_t>& numbers) {
  std::vector<Term> pool;
  pool.reserve(numbers.size());
  for (const int64_t value : numbers) pool.push_back(number(value));
  const auto take = [&] {
    const auto i = between(random, 0, static_cast<int64_t>(pool.size()) - 1);
    Term term = std::move(pool[static_cast<size_t>(i)]);
    pool.erase(pool.begin() + i);
    return term;
  };
  while (pool.size() > 1) {
    const Term left = take(), right = take();
    const char op = config.operators[static_cast<size_t>(
        between(random, 0, static_cast<int64_t>(config.operators.size()) - 1))];
    auto term = combine(left, op, right, config);
    if (!term) return std::nullopt;
    // Steps are told in the order in which they were made, so later ones use earlier results.
    pool.push_back(*std::move(term));
  }
  return pool.front();
}

std::optional<Made> countdown(Random& random, const GeneratorConfig& config) {
  Problem problem;
  problem.kind = Kind::countdown;
  for (int64_t i = 0; i <= config.operations; ++i) {
    problem.numbers.push_back(between(random, 1, config.max_operand));
  }
  const auto goal = combine_all(random, config, problem.numbers);
  if (!goal || goal->value <= 0) return std::nullopt;
  problem.answer = std::to_string(goal->value);
  problem.prompt =
      fmt::format("use {} to make {}", fmt::join(problem.numbers, " "), problem.answer);

  std::string trace;
  for (int64_t left = between(random, 0, config.wrong_attempts); left > 0; --left) {
    const auto attempt = combine_all(random, config, problem.numbers);
    if (attempt && attempt->value != goal->value) {
      trace += fmt::format("{} no; ", fmt::join(attempt->steps, "; "));
    }
  }
  problem.solution = trace + fmt::format("{}", fmt::join(goal->steps, "; "));
  return Made{problem, goal->text};
}

std::optional<Made> draw(Random& random, const GeneratorConfig& config) {
  switch (config.family) {
    case Family::arithmetic:
      return arithmetic(random, config);
    case Family::linear:
      return linear(random, config);
    case Family::countdown:
      return countdown(random, config);
  }
  throw Error("generator: an unknown family");
}

}  // namespace

Split split_of(std::string_view prompt, double held_out) {
  uint64_t hash = fnv1a(prompt);
  hash ^= hash >> 32;  // FNV's high bits alone are weak on short texts
  const double place = static_cast<double>((hash * 0x9E3779B97F4A7C15u) >> 11) * 0x1p-53;
  return place < held_out ? Split::held_out : Split::train;
}

namespace {

Made make(const GeneratorConfig& config, Split split, int64_t index) {
  check(index >= 0, "generator: problem {}", index);
  check_input(split == Split::train || config.held_out > 0,
              "generator.held_out: is 0, so there are no held-out problems");
  Random random(static_cast<uint64_t>(config.seed),
                static_cast<uint64_t>(index) * 2 + (split == Split::held_out ? 1 : 0));
  for (int i = 0; i < kMaxTries; ++i) {
    auto made = draw(random, config);
    if (!made || split_of(made->problem.prompt, config.held_out) != split) continue;
    made->problem.id =
        fmt::format("{}-{}-{}-{}", name(config.family), config.seed, name(split), index);
    return *std::move(made);
  }
  throw Error(fmt::format("{} with these parameters (operations {}, max_operand {}, "
                          "max_value {}, operators {}) gives no {} problem",
                          name(config.family), config.operations, config.max_operand,
                          config.max_value, config.operators, name(split)),
              2);
}

}  // namespace

std::string why_impossible(const GeneratorConfig& config) {
  try {
    make(config, Split::train, 0);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

Generator::Generator(const GeneratorConfig& config) : config_(config) {
  check_config(config, "generator");
}

Problem Generator::problem(Split split, int64_t index) const {
  return make(config_, split, index).problem;
}

Demonstration Generator::demonstration(Split split, int64_t index) const {
  const Made made = make(config_, split, index);
  // A stream of its own, so that the share changes no problem.
  Random random(~static_cast<uint64_t>(config_.seed), static_cast<uint64_t>(index));
  const bool worked = chance(random, config_.worked);
  return {made.problem.id, made.problem.prompt,
          think_and_answer(worked ? made.problem.solution : "", made.answer)};
}

std::vector<Problem> Generator::problems(Split split, int64_t count) const {
  std::vector<Problem> result;
  for (int64_t i = 0; i < count; ++i) result.push_back(problem(split, i));
  return result;
}

std::vector<Demonstration> Generator::demonstrations(Split split, int64_t count) const {
  std::vector<Demonstration> result;
  for (int64_t i = 0; i < count; ++i) result.push_back(demonstration(split, i));
  return result;
}

}  // namespace grpo::datasets
