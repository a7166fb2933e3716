#include "reward/countdown.h"

#include <gtest/gtest.h>

#include "datasets/generators.h"

namespace grpo::reward {
namespace {

Score judged(const std::string& answer, double near_value = 0) {
  datasets::Problem problem;
  problem.kind = datasets::Kind::countdown;
  problem.numbers = {3, 5, 2, 2};
  problem.answer = "19";
  return CountdownVerifier(near_value)
      .score(problem, "<think>x</think><answer>" + answer + "</answer>");
}

TEST(Countdown, AcceptsAnyRightExpressionOverTheNumbers) {
  for (const auto text : {"3*5+2+2", "(3*5)+2*2", "2 + 3*5 + 2", "3*5+2+2 = 19", "3*5-(-2-2)"}) {
    EXPECT_EQ(judged(text).outcome, Outcome::correct) << text;
  }
}

TEST(Countdown, RefusesOtherNumbersValuesAndTricks) {
  for (const auto text : {"19", "3*5+4", "3*5+2", "3*5+2*2*1", "3*5+2+2+0", "3*5*2*2", "35/2+2",
                          "3*5+2+2=20", "20-1", "3**5", "", "3*5+2+2;", "__import__('os')",
                          "3*5+2+2==19", "(3*5+2+2", "3*5/(2-2)", "0x13", "1e1+9"}) {
    EXPECT_EQ(judged(text).outcome, Outcome::wrong) << text;
    EXPECT_EQ(judged(text).value, 0) << text;
  }
}

TEST(Countdown, DivisionIsExact) {
  datasets::Problem problem;
  problem.numbers = {8, 3, 8, 3};
  problem.answer = "24";
  EXPECT_EQ(CountdownVerifier().score(problem, "<answer>8/(3-8/3)</answer>").outcome,
            Outcome::correct);
}

TEST(Countdown, AnAttemptMayBePaidAndMissingTagsAreNot) {
  EXPECT_EQ(judged("3+5", 0.1).value, 0.1);
  EXPECT_EQ(judged("3*5+2+2", 0.1).value, 1);
  datasets::Problem problem;
  problem.numbers = {1};
  problem.answer = "1";
  EXPECT_EQ(CountdownVerifier(0.1).score(problem, "1").value, 0);
}

TEST(Countdown, DeepNestingIsRefusedNotRecursedInto) {
  EXPECT_EQ(judged(std::string(100000, '(')).outcome, Outcome::wrong);
  EXPECT_EQ(judged(std::string(900, '(') + "1" + std::string(900, ')')).outcome, Outcome::wrong);
}

TEST(Countdown, EveryGeneratedDemonstrationIsCorrect) {
  datasets::GeneratorConfig config;
  config.family = datasets::Family::countdown;
  config.operators = "+-*/";
  const datasets::Generator generator(config);
  for (int64_t i = 0; i < 200; ++i) {
    const auto problem = generator.problem(datasets::Split::train, i);
    const auto response = generator.demonstration(datasets::Split::train, i).response;
    EXPECT_EQ(CountdownVerifier().score(problem, response).outcome, Outcome::correct) << response;
  }
}

}  // namespace
}  // namespace grpo::reward
