#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

TEST(VerifyCommand, JudgesRowsInOrderWithAnyNumberOfWorkers) {
  std::string rows;
  for (int i = 0; i < 60; ++i) {
    rows += OrderedJson{{"id", i},
                        {"gold", std::to_string(i)},
                        {"response", "so \\boxed{" + std::to_string(i % 7) + "}"}}
                .dump() +
            "\n";
  }
  for (const auto* workers : {"1", "3"}) {
    const auto done = run_grpo(std::string("verify math --summary --workers ") + workers, rows);
    ASSERT_EQ(done.code, 0) << done.err;
    const auto answers = done.rows();
    ASSERT_EQ(answers.size(), 60u);
    for (int i = 0; i < 60; ++i) {
      EXPECT_EQ(answers[static_cast<size_t>(i)]["id"], i);
      EXPECT_EQ(answers[static_cast<size_t>(i)]["verdict"], i < 7 ? "correct" : "wrong");
    }
    EXPECT_THAT(done.err, HasSubstr("60 rows, 7 correct, 53 wrong"));
  }
}

TEST(VerifyCommand, FindsAnswersReadsFormulasAndNamesRewards) {
  const auto found = run_grpo("verify extract", "{\"id\":1,\"text\":\"#### 42\"}\n");
  EXPECT_EQ(found.rows().at(0)["extracted"], "42");
  const auto latex = run_grpo("verify latex",
                              "{\"id\":1,\"latex\":\"\\\\frac{1}{2}\"}\n"
                              "{\"id\":2,\"latex\":\"\\\\frac{1}{\"}\n");
  EXPECT_EQ(latex.rows().at(0)["parsed"], true);
  EXPECT_EQ(latex.rows().at(1)["parsed"], false);
  const auto reward = run_grpo("verify reward --name think_format_reward",
                               "{\"id\":1,\"input\":\"<think>a</think>b\",\"params\":{}}\n");
  EXPECT_EQ(reward.rows().at(0)["value"], 1.0);
}

TEST(VerifyCommand, MalformedRowsEndWithTwoAndWhatIsMissingIsNamed) {
  const auto bad = run_grpo("verify math", "{\"id\":1,\"gold\":4,\"prediction\":\"4\"}\n");
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("<stdin>:1: gold"));
  EXPECT_EQ(run_grpo("verify math", "{\"gold\":\"4\",\"prediction\":\"4\"}\n").code, 2);
  EXPECT_EQ(run_grpo("verify code", "").code, 69);
}

}  // namespace
}  // namespace grpo::testing
