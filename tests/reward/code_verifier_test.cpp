#include "reward/code/code_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/error.h"
#include "reward/rubric.h"
#include "reward/score_all.h"
#include "tests/support/leftovers.h"

namespace grpo::reward {
namespace {

using ::testing::HasSubstr;

std::string fenced(const std::string& program) {
  return "I think so:\n```python\n" + program + "\n```\n";
}

datasets::Problem code_problem(const std::string& tests) {
  datasets::Problem problem;
  problem.id = "double";
  problem.kind = datasets::Kind::code;
  problem.tests = datasets::tests_from_json(parse_json(tests, "test"), "test");
  return problem;
}

datasets::Problem doubling() {
  return code_problem(
      R"({"kind": "assert", "list": ["assert f(2) == 4", "assert f(-1) == -2", "assert f(0) == 0"]})");
}

RubricConfig quick() {
  RubricConfig config;
  config.verifier.code.seconds = 0.5;
  config.verifier.code.memory_mib = 256;
  config.verifier.code.workers = 2;
  return config;
}

/// A rubric that can judge programs; nothing where the machine gives no sandbox of level full.
std::optional<Rubric> code_rubric(const RubricConfig& config) {
  Rubric rubric(config);
  try {
    rubric.prepare(std::vector{doubling()});
  } catch (const Error& error) {
    if (error.exit_code() != 69) throw;
    fmt::print(stderr, "{}\n", error.what());
    return std::nullopt;
  }
  return rubric;
}

#define GRPO_RUBRIC_OR_SKIP(name, config) \
  const auto name = code_rubric(config);  \
  if (!name) GTEST_SKIP() << "no sandbox of level full on this machine"

TEST(CodeReward, AStepsAnswersAreJudgedBesideMathAndAStuckOneDelaysNoOther) {
  const auto before = test::leftovers();
  {
    GRPO_RUBRIC_OR_SKIP(rubric, quick());
    datasets::Problem sum;
    sum.answer = "3";
    const std::vector<datasets::Problem> problems{doubling(), sum};
    ThreadPool pool(rubric->num_threads());
    const auto scores =
        score_all(*rubric, problems,
                  {{{fenced("def f(x): return 2 * x"), 9, false},
                    {fenced("def f(x): return x * x"), 9, false},
                    {fenced("def f(x):\n  while True: pass"), 9, false},
                    {fenced("import time\ndef f(x): time.sleep(1000)"), 9, false},
                    {fenced("import os\nfor i in range(9): os.fork()"), 9, false},
                    {"def f(x): return 2 * x", 9, false},
                    {"```python\ndef f(x): return 2 * x\n", 9, false},
                    {fenced("def f(x): return 2 * x"), 9, true}},
                   {{"<answer>3</answer>", 3, false}, {"<answer>4</answer>", 3, false}}},
                  pool);
    const std::vector<Outcome> expected{Outcome::correct, Outcome::wrong,    Outcome::timeout,
                                        Outcome::timeout, Outcome::wrong,    Outcome::wrong,
                                        Outcome::wrong,   Outcome::truncated};
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(scores[0][i].verdict.outcome, expected[i]) << i << scores[0][i].verdict.rule;
      EXPECT_EQ(scores[0][i].total, i == 0 ? 1 : 0) << i;
    }
    EXPECT_EQ(scores[0][0].verdict.extracted, "def f(x): return 2 * x\n");
    EXPECT_EQ(scores[0][0].verdict.rule, "fence/tests");
    EXPECT_EQ(scores[0][1].verdict.rule, "fence/test 2 of 3: wrong_output: returned 1");
    EXPECT_EQ(scores[0][5].verdict.rule, "no fenced block");
    EXPECT_EQ(scores[1][0].total, 1);
    EXPECT_EQ(scores[1][1].total, 0);
  }
  const auto after = test::leftovers();
  EXPECT_EQ(after, before) << test::describe(after);
}

TEST(CodeReward, TheSharePassedIsPaidWhereTheRecipeSaysSo) {
  auto config = quick();
  config.verifier.code.partial = true;
  GRPO_RUBRIC_OR_SKIP(rubric, config);
  const auto score = [&](const std::string& program) {
    return rubric->score(doubling(), {fenced(program), 9, false});
  };
  EXPECT_EQ(score("def f(x): return 2 * x").total, 1);
  EXPECT_DOUBLE_EQ(score("def f(x): return x * x").total, 2.0 / 3);
  EXPECT_EQ(score("def f(x): return 1 / 0").total, 0);
  EXPECT_EQ(score("def f(x):\n  while x < 0: pass\n  return 2 * x").total, 0);
}

TEST(CodeReward, WhatCannotCrossIsNotPaidAndCounts) {
  GRPO_RUBRIC_OR_SKIP(rubric, quick());
  // The program's own doing: were it left out of the mean, it would escape being wrong.
  const auto problem = code_problem(R"({"kind": "assert", "list": ["assert f(2) + 0 == 4"]})");
  const auto object =
      rubric->score(problem, {fenced("class C: pass\ndef f(x): return C()"), 9, false});
  EXPECT_EQ(object.verdict.outcome, Outcome::unsupported) << object.verdict.rule;
  EXPECT_EQ(object.total, 0);
  EXPECT_TRUE(says_something(object.verdict.outcome));
  EXPECT_FALSE(says_something(Outcome::sandbox_error));
  EXPECT_EQ(rubric->score(problem, {fenced("def f(x): return 4"), 9, false}).total, 1);
}

TEST(CodeReward, ARowsOwnLimitsGoBeforeTheRecipes) {
  auto config = quick();
  config.verifier.code.seconds = 60;
  GRPO_RUBRIC_OR_SKIP(rubric, config);
  auto problem = doubling();
  problem.limits = parse_json(R"({"seconds": 0.1})", "test");
  const auto score = rubric->score(problem, {fenced("def f(x):\n  while True: pass"), 9, false});
  EXPECT_EQ(score.verdict.outcome, Outcome::timeout);
  EXPECT_THAT(score.verdict.rule, HasSubstr("0.1 s of CPU time"));
}

TEST(CodeReward, ReferencesThatFailTheirOwnTestsAreFound) {
  GRPO_RUBRIC_OR_SKIP(rubric, quick());
  auto problem = doubling();
  EXPECT_EQ(rubric->why_unreadable(problem), "");
  problem.solution = "def f(x): return 2 * x";
  EXPECT_EQ(rubric->why_unreadable(problem), "");
  problem.solution = "def f(x): return 2.0 * x";
  EXPECT_THAT(rubric->why_unreadable(problem),
              HasSubstr("its own solution is judged wrong: test 1 of 3: wrong_output"));
}

TEST(CodeReward, AMissingSandboxIsRefusedWithItsCauseAndOnlyWhereItIsNeeded) {
  auto config = quick();
  config.verifier.code.python = "/nowhere/python3";
  Rubric rubric(config);
  rubric.prepare(std::vector{datasets::Problem{}});
  EXPECT_EQ(rubric.num_threads(), 2u);
  try {
    rubric.prepare(std::vector{doubling()});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 69);
    EXPECT_THAT(error.what(), HasSubstr("/nowhere/python3"));
  }
  config.verifier.code.sandbox = "none";
  try {
    Rubric(config).prepare(std::vector{doubling()});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    EXPECT_THAT(error.what(), HasSubstr("unknown value none; known here: full, landlock"));
  }
}

}  // namespace
}  // namespace grpo::reward
