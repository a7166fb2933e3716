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
}

TEST(VerifyCommand, JudgesProgramsInASandbox) {
  const std::string rows =
      R"json({"id":1,"code":"print(int(input())+1)","tests":{"kind":"stdin","inputs":["1"],"outputs":["2"]}})json"
      "\n"
      R"json({"id":2,"response":"```\ndef f(x): return x\n```","tests":{"kind":"assert","list":["assert f(1) == 1","assert f(2) == 3"]}})json"
      "\n"
      R"json({"id":3,"code":"while True: pass","tests":{"kind":"stdin","inputs":[""],"outputs":[""]}})json"
      "\n"
      R"json({"id":4,"code":"","tests":{"kind":"none"}})json"
      "\n";
  const auto done = run_grpo("verify code --workers 2 --timeout 0.3 --summary", rows);
  if (done.code == 69) GTEST_SKIP() << done.err;
  ASSERT_EQ(done.code, 0) << done.err;
  const auto answers = done.rows();
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0]["verdict"], "correct");
  EXPECT_EQ(answers[1]["verdict"], "wrong");
  EXPECT_EQ(answers[1]["score"], 0.5);
  EXPECT_EQ(answers[1]["cases"][1]["status"], "wrong_output");
  EXPECT_EQ(answers[2]["verdict"], "timeout");
  EXPECT_THAT(answers[3]["error"].get<std::string>(), HasSubstr("unknown kind \"none\""));
  EXPECT_THAT(done.err, HasSubstr("4 rows, 1 correct, 1 timeout, 1 wrong"));
}

TEST(VerifyCommand, ProgramsWithoutASandboxNeedTheUnsafeFlag) {
  const auto refused = run_grpo("verify code --sandbox none", "");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--unsafe-run-untrusted-code"));
  EXPECT_EQ(run_grpo("verify code --unsafe-run-untrusted-code", "").code, 2);
  EXPECT_EQ(run_grpo("verify code --sandbox strong", "").code, 2);
}

}  // namespace
}  // namespace grpo::testing
