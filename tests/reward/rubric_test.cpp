#include "reward/rubric.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "datasets/generators.h"
#include "reward/score_all.h"

namespace grpo::reward {
namespace {

datasets::Problem problem(const std::string& answer) {
  datasets::Problem result;
  result.id = "p";
  result.answer = answer;
  return result;
}

TEST(Rubric, TotalIsTheWeightedSumOfNamedParts) {
  RubricConfig config;
  config.format = 0.5;
  config.overlong = 2;
  config.overlong_max_length = 100;
  config.overlong_buffer = 20;
  const Rubric rubric(config);
  const auto score =
      rubric.score(problem("4"), {"<think>2+2</think><answer>4</answer>", 90, false});
  EXPECT_EQ(score.part("accuracy"), 1);
  EXPECT_EQ(score.part("format"), 1);
  EXPECT_EQ(score.part("overlong"), -0.5);
  EXPECT_DOUBLE_EQ(score.total, 1 + 0.5 - 1);
  EXPECT_EQ(score.parts.size(), 3u);
  EXPECT_THROW(score.part("cosine"), Error);
}

TEST(Rubric, OutcomesWithoutAVerdictArePaidByPolicy) {
  RubricConfig config;
  config.truncated_value = -0.25;
  config.unverifiable_value = 0.125;
  const Rubric rubric(config);
  EXPECT_EQ(rubric.score(problem("4"), {"<answer>4</answer>", 1, true}).total, -0.25);
  EXPECT_EQ(rubric.score(problem(""), {"<answer>4</answer>", 1, false}).total, 0.125);
  EXPECT_TRUE(rubric.pays(Outcome::unverifiable));
  EXPECT_FALSE(Rubric(RubricConfig{}).pays(Outcome::unverifiable));
  EXPECT_FALSE(rubric.pays(Outcome::sandbox_error));
  EXPECT_TRUE(rubric.pays(Outcome::timeout) && rubric.pays(Outcome::wrong));
  config.judge_truncated = true;
  EXPECT_EQ(Rubric(config).score(problem("4"), {"<answer>4</answer>", 1, true}).total, 1);
}

TEST(Rubric, GroupLengthComparesCorrectAnswersOnly) {
  RubricConfig config;
  config.accuracy = 0;
  config.group_length = 1;
  const std::vector<Answer> answers{{"<answer>4</answer>", 10, false},
                                    {"<answer>5</answer>", 1, false},
                                    {"<answer>4</answer>", 20, false}};
  auto scores = Rubric(config).score_group(problem("4"), answers);
  EXPECT_EQ(scores[0].total, 0.5);
  EXPECT_EQ(scores[1].total, 0);
  EXPECT_EQ(scores[2].total, -0.5);
  config.length_of_correct_only = false;
  scores = Rubric(config).score_group(problem("4"), answers);
  EXPECT_EQ(scores[1].total, 0);  // wrong and shortest: min(0, 0.5)
  EXPECT_NEAR(scores[0].total, 0.5 - 9.0 / 19, 1e-12);
}

TEST(Rubric, ContradictingSettingsAreRefused) {
  RubricConfig config;
  config.overlong = 1;
  config.overlong_buffer = config.overlong_max_length + 1;
  EXPECT_THROW(Rubric{config}, Error);
  config = {};
  config.verifier.extraction = "nonsense";
  EXPECT_THROW(Rubric{config}, Error);
  config = {};
  config.language = "fr";
  EXPECT_THROW(Rubric{config}, Error);
}

TEST(Rubric, AKindWithoutVerifierIsAnErrorUntilOneIsGiven) {
  class Always : public Verifier {
    Score score(const datasets::Problem&, std::string_view) const override {
      return {Outcome::correct, 1, "", ""};
    }
  };
  Rubric rubric{RubricConfig{}};
  auto code = problem("");
  code.kind = datasets::Kind::code;
  EXPECT_THROW(rubric.score(code, {"x", 1, false}), Error);
  rubric.use(datasets::Kind::code, std::make_unique<Always>());
  EXPECT_EQ(rubric.score(code, {"x", 1, false}).total, 1);
}

TEST(Rubric, WordsAreComparedByLettersAndDigits) {
  auto word = problem("Hello123");
  word.kind = datasets::Kind::text;
  const Rubric rubric{RubricConfig{}};
  EXPECT_EQ(rubric.score(word, {"<answer>Hello-123!</answer>", 1, false}).total, 1);
  EXPECT_EQ(rubric.score(word, {"<answer>Hello124</answer>", 1, false}).total, 0);
}

TEST(ScoreAll, ResultsDoNotDependOnThePool) {
  const datasets::Generator generator({});
  const auto problems = generator.problems(datasets::Split::train, 40);
  std::vector<std::vector<Answer>> groups;
  for (int64_t i = 0; i < 40; ++i) {
    const auto right = generator.demonstration(datasets::Split::train, i).response;
    groups.push_back({{right, 10, false}, {"<answer>-1</answer>", 5, false}, {right, 30, true}});
  }
  RubricConfig config;
  config.format = 0.1;
  config.group_length = 0.1;
  const Rubric rubric(config);
  ThreadPool one(1), four(4);
  const auto a = score_all(rubric, problems, groups, one);
  const auto b = score_all(rubric, problems, groups, four);
  ASSERT_EQ(a.size(), 40u);
  for (size_t q = 0; q < a.size(); ++q) {
    EXPECT_EQ(a[q][0].verdict.outcome, Outcome::correct) << problems[q].prompt;
    EXPECT_EQ(a[q][1].verdict.outcome, Outcome::wrong);
    EXPECT_EQ(a[q][2].verdict.outcome, Outcome::truncated);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(a[q][i].total, b[q][i].total);
  }
}

TEST(ScoreAll, AVerifiersExceptionComesOutAndNothingHangs) {
  class Slow : public Verifier {
    Score score(const datasets::Problem&, std::string_view response) const override {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      check(response != "bad", "a bad one");
      return {};
    }
  };
  Rubric rubric{RubricConfig{}};
  rubric.use(datasets::Kind::math, std::make_unique<Slow>());
  const std::vector<datasets::Problem> problems(3, problem("1"));
  std::vector<std::vector<Answer>> groups(3, std::vector<Answer>(4, Answer{"x", 1, false}));
  groups[1][2].text = "bad";
  ThreadPool pool(2);
  EXPECT_THROW(score_all(rubric, problems, groups, pool), Error);
}

}  // namespace
}  // namespace grpo::reward
