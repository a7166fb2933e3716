#include "rl/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/thread_pool.h"
#include "rollout/engine.h"
#include "tests/support/expect_error.h"

namespace grpo::rl {
namespace {

using ::testing::ElementsAre;
using ::testing::IsNan;

TEST(Answers, AQuestionOfAKindWithoutAVerifierIsNamed) {
  const reward::Rubric rubric{reward::RubricConfig{}};  // it has no sandbox for programs
  datasets::Problem sum, program;
  sum.id = "sums.jsonl:1";
  program.id = "mixture.jsonl:7";
  program.kind = datasets::Kind::code;
  check_judged(rubric, std::vector{sum}, "sums");
  EXPECT_EQ(test::error_of(
                [&] {
                  check_judged(rubric, std::vector{sum, program}, "mixture");
                },
                2),
            "mixture: question mixture.jsonl:7: no verifier for problems of kind code");
}

TEST(Prompter, AnEmptyPromptIsNamed) {
  const auto policy = policy::Policy::random(GRPO_SOURCE_DIR "/recipes/tiny/model", 1, 0.1);
  const Prompter prompter({.chat = false}, *policy);
  datasets::Problem empty;
  empty.id = "rows.jsonl:4";
  const std::vector<datasets::Problem> problems = {empty};
  EXPECT_EQ(test::error_of([&] { (void)prompter.check_all(problems, "rows"); }, 2),
            "rows: question rows.jsonl:4: the prompt is empty");
}

TEST(Answers, WhatCannotBeJudgedLeavesItsGroupUnlessTheRecipePaysIt) {
  const auto policy = policy::Policy::random(GRPO_SOURCE_DIR "/recipes/tiny/model", 1, 0.1);
  const Prompter prompter({}, *policy);
  datasets::Problem problem;  // no answer: unverifiable
  problem.prompt = "1+1=";
  const auto rewards = [&](std::optional<double> unverifiable_value) {
    reward::RubricConfig config;
    config.unverifiable_value = unverifiable_value;
    config.judge_truncated = true;
    ThreadPool pool(1);
    rollout::Engine engine({}, policy->decoder(), &policy->tokenizer());
    rollout::SamplingParams params;
    params.max_tokens = 4;
    params.ignore_stop = true;
    return answer(engine, prompter, reward::Rubric(config), pool, {problem}, 2, params, {})[0]
        .rewards;
  };
  EXPECT_THAT(rewards(std::nullopt), ElementsAre(IsNan(), IsNan()));
  EXPECT_THAT(rewards(0.25), ElementsAre(0.25, 0.25));
}

}  // namespace
}  // namespace grpo::rl
