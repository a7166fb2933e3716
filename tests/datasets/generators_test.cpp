#include "datasets/generators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"

namespace grpo::datasets {
namespace {

/// A recursive-descent calculator of its own: the reference that generated answers are held to.
class Calculator {
 public:
  explicit Calculator(std::string_view text) : text_(text) {}
  int64_t run() {
    const int64_t value = sum();
    EXPECT_EQ(at_, text_.size()) << text_;
    return value;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  int64_t sum() {
    int64_t value = product();
    while (peek() == '+' || peek() == '-') value += text_[at_++] == '+' ? product() : -product();
    return value;
  }
  int64_t product() {
    int64_t value = atom();
    while (peek() == '*' || peek() == '/') {
      if (text_[at_++] == '*') {
        value *= atom();
      } else {
        const int64_t divisor = atom();
        EXPECT_NE(divisor, 0) << text_;
        EXPECT_EQ(value % divisor, 0) << text_;
        value /= divisor;
      }
    }
    return value;
  }
  int64_t atom() {
    if (peek() == '-') return ++at_, -atom();
    if (peek() == '(') {
      ++at_;
      const int64_t value = sum();
      EXPECT_EQ(peek(), ')') << text_;
      ++at_;
      return value;
    }
    EXPECT_TRUE(std::isdigit(peek())) << text_ << " at " << at_;
    int64_t value = 0;
    while (std::isdigit(peek())) value = value * 10 + (text_[at_++] - '0');
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

/// Every "a op b=c" of a worked solution must be true.
void expect_steps_hold(const std::string& steps) {
  size_t begin = 0;
  while (begin < steps.size()) {
    const size_t end = std::min(steps.find("; ", begin), steps.size());
    std::string step = steps.substr(begin, end - begin);
    begin = end + 2;
    if (step.ends_with(" no")) step.resize(step.size() - 3);
    const auto equals = step.find('=');
    ASSERT_NE(equals, std::string::npos) << steps;
    EXPECT_EQ(Calculator(step.substr(0, equals)).run(), std::stoll(step.substr(equals + 1)))
        << steps;
  }
}

GeneratorConfig config(Family family) {
  GeneratorConfig result;
  result.family = family;
  return result;
}

TEST(Generators, ArithmeticAnswersAndEveryStepAreRight) {
  for (const bool negative : {false, true}) {
    GeneratorConfig c = config(Family::arithmetic);
    c.operators = "+-*/";
    c.operations = 4;
    c.negative = negative;
    const Generator generator(c);
    for (const auto& problem : generator.problems(Split::train, 300)) {
      ASSERT_TRUE(problem.prompt.ends_with("=?"));
      const auto text = problem.prompt.substr(0, problem.prompt.size() - 2);
      EXPECT_EQ(std::to_string(Calculator(text).run()), problem.answer) << text;
      EXPECT_EQ(
          std::count_if(text.begin(), text.end(),
                        [](char x) { return std::string("+-*/").find(x) != std::string::npos; }),
          4)
          << text;
      expect_steps_hold(problem.solution);
      EXPECT_TRUE(problem.solution.ends_with("=" + problem.answer));
      if (!negative) {
        EXPECT_NE(problem.answer[0], '-');
      }
    }
  }
}

TEST(Generators, LinearAnswersSolveTheirEquations) {
  for (const int64_t operations : {2, 3}) {
    GeneratorConfig c = config(Family::linear);
    c.operations = operations;
    c.negative = true;
    for (const auto& problem : Generator(c).problems(Split::train, 200)) {
      const auto equation = problem.prompt.substr(0, problem.prompt.find(';'));
      const auto equals = equation.find('=');
      const auto at_solution = [&](std::string side) {
        // "3x" -> "3*(value)", "x" -> "(value)"
        if (const auto x = side.find('x'); x != std::string::npos) {
          side.replace(x, 1, (x == 0 ? "(" : "*(") + problem.answer + ")");
        }
        return Calculator(side).run();
      };
      EXPECT_EQ(at_solution(equation.substr(0, equals)), at_solution(equation.substr(equals + 1)))
          << problem.prompt << " x=" << problem.answer;
      EXPECT_TRUE(problem.solution.ends_with("=" + problem.answer)) << problem.solution;
    }
  }
}

TEST(Generators, CountdownDemonstrationsUseEachNumberOnceAndReachTheTarget) {
  GeneratorConfig c = config(Family::countdown);
  c.operators = "+-*/";
  c.wrong_attempts = 2;
  const Generator generator(c);
  for (int64_t i = 0; i < 200; ++i) {
    const auto problem = generator.problem(Split::train, i);
    const auto response = generator.demonstration(Split::train, i).response;
    const auto open = response.find("<answer>") + 8;
    const auto answer = response.substr(open, response.find("</answer>") - open);
    EXPECT_EQ(std::to_string(Calculator(answer).run()), problem.answer) << response;
    std::vector<int64_t> used;
    for (size_t at = 0; at < answer.size();) {
      if (!std::isdigit(answer[at])) {
        ++at;
        continue;
      }
      size_t length = 0;
      used.push_back(std::stoll(answer.substr(at), &length));
      at += length;
    }
    EXPECT_THAT(used, testing::UnorderedElementsAreArray(problem.numbers)) << answer;
    expect_steps_hold(problem.solution);
  }
}

TEST(Generators, SameSeedSameProblemsInAnyOrder) {
  const Generator one(config(Family::arithmetic)), two(config(Family::arithmetic));
  EXPECT_EQ(one.problem(Split::train, 40), two.problems(Split::train, 41)[40]);
  GeneratorConfig other = config(Family::arithmetic);
  other.seed = 2;
  EXPECT_NE(one.problem(Split::train, 0).prompt, Generator(other).problem(Split::train, 0).prompt);
}

TEST(Generators, RecordedProblemsDoNotChange) {
  // A change of this text changes every recorded loss of the tiny recipes.
  const auto demonstration = Generator(config(Family::arithmetic)).demonstration(Split::train, 0);
  EXPECT_EQ(demonstration.prompt, "5+18*18-17=?");
  EXPECT_EQ(demonstration.response,
            "<think>18*18=324; 5+324=329; 329-17=312</think><answer>312</answer>");
}

TEST(Generators, AShareOfTheDemonstrationsAnswersAtOnceAndNoProblemChanges) {
  GeneratorConfig some = config(Family::arithmetic);
  some.worked = 0.25;
  const Generator all(config(Family::arithmetic)), quarter(some);
  constexpr int64_t kCount = 2000;
  int64_t worked = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const auto problem = all.problem(Split::train, i);
    ASSERT_EQ(quarter.problem(Split::train, i), problem);
    const auto response = quarter.demonstration(Split::train, i).response;
    const bool shown = response == all.demonstration(Split::train, i).response;
    if (shown) {
      ++worked;
    } else {
      ASSERT_EQ(response, "<think></think><answer>" + problem.answer + "</answer>");
    }
  }
  // Five standard deviations of a binomial count.
  EXPECT_NEAR(static_cast<double>(worked), 0.25 * kCount, 5 * std::sqrt(kCount * 0.25 * 0.75));
}

TEST(Generators, TrainAndHeldOutNeverShareAProblemEvenAcrossSeeds) {
  for (const auto family : {Family::arithmetic, Family::linear, Family::countdown}) {
    std::set<std::string> train;
    for (const int64_t seed : {1, 2, 3}) {
      GeneratorConfig c = config(family);
      c.seed = seed;
      c.operations = 2;
      c.max_operand = 9;  // small enough that the same texts come up again and again
      for (const auto& problem : Generator(c).problems(Split::train, 400))
        train.insert(problem.prompt);
    }
    GeneratorConfig c = config(family);
    c.operations = 2;
    c.max_operand = 9;
    for (const auto& problem : Generator(c).problems(Split::held_out, 200)) {
      EXPECT_FALSE(train.contains(problem.prompt)) << problem.prompt;
    }
  }
}

TEST(Generators, HeldOutShareIsTheShareOfAllTexts) {
  int64_t held_out = 0;
  for (int i = 0; i < 10000; ++i) {
    if (split_of(std::to_string(i) + "+1=?", 0.1) == Split::held_out) ++held_out;
  }
  EXPECT_NEAR(static_cast<double>(held_out), 1000, 120);  // four standard deviations
}

TEST(Generators, TextIsPrintableAscii) {
  for (const auto family : {Family::arithmetic, Family::linear, Family::countdown}) {
    for (const auto& item : Generator(config(family)).demonstrations(Split::train, 50)) {
      for (const char c : item.prompt + item.response) EXPECT_TRUE(c >= ' ' && c <= '~');
    }
  }
}

TEST(Generators, ImpossibleParametersAreRefused) {
  auto refused = [](auto change) {
    GeneratorConfig c;
    change(c);
    EXPECT_THROW(Generator{c}, Error);
  };
  refused([](auto& c) { c.operators = "+%"; });
  refused([](auto& c) { c.operations = 0; });
  refused([](auto& c) { c.held_out = 1; });
  refused([](auto& c) { c.worked = 1.5; });
  refused([](auto& c) {
    c.operators = "+";
    c.operations = 16;
    c.max_value = 3;  // sixteen additions of at least 1 exceed it
  });
  GeneratorConfig none;
  none.held_out = 0;
  EXPECT_THROW(Generator(none).problem(Split::held_out, 0), Error);
}

}  // namespace
}  // namespace grpo::datasets
