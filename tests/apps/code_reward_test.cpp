#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "reward/code/judge.h"
#include "tests/apps/program.h"
#include "tests/support/leftovers.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool has_sandbox() {
  try {
    const reward::code::CodeJudge judge({});
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Questions whose answers are programs. A random model writes none, so the recipe's answer prefix,
/// which counts as the answer's beginning, is the program.
class CodeReward : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!has_sandbox()) GTEST_SKIP() << "no sandbox of level full on this machine";
  }

  std::string rows(const std::string& solution) const {
    return folder_
        .file("rows.jsonl", R"({"id": 1, "prompt": "double", "tests": {"kind": "assert", "list": )"
                            R"(["assert f(2) == 4", "assert f(3) == 6"]}, "solution": ")" +
                                solution +
                                "\"}\n"
                                R"({"id": 2, "prompt": "double", "tests": )"
                                R"({"kind": "stdin", "inputs": ["3"], "outputs": ["6"]}})"
                                "\n")
        .string();
  }
  std::string recipe(const std::string& program, const std::string& rest) const {
    return folder_
        .file("recipe.yaml", "seed: 1\nmodel: {path: " + tiny_model() +
                                 "}\nprompt: {chat: false, text: \"{question}\", answer_prefix: " +
                                 "\"```\\n" + program + "\\n```\\n\"}\n" + rest)
        .string();
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  const std::string right_ =
      "def f(x): return 2 * x\\nif __name__ == '__main__': print(f(int(input())))";
  test::TemporaryFolder folder_;
};

TEST_F(CodeReward, AnEvaluationRunsThePrograms) {
  const std::string rest = "reward: {judge_truncated: true, verifier: {code: {workers: 2}}}\n" +
                           std::string("eval: {max_new_tokens: 3, data: [{format: code, path: ") +
                           rows("def f(x): return x + x") + "}]}\n";
  const auto right = run_grpo("eval " + recipe(right_, rest) + " --output " + path("right"));
  ASSERT_EQ(right.code, 0) << right.err;
  EXPECT_THAT(right.err, Not(HasSubstr("warning")));
  const auto results = parse_json(read_file(path("right") + "/results.json"), "results.json");
  EXPECT_EQ(results["accuracy"], 1);
  EXPECT_EQ(results["unjudged"], 0);
  EXPECT_THAT(read_file(path("right") + "/samples.jsonl"), HasSubstr(R"("rule":"fence/tests")"));
  const auto wrong =
      run_grpo("eval " + recipe("def f(x): return 4", rest) + " --output " + path("wrong"));
  ASSERT_EQ(wrong.code, 0) << wrong.err;
  EXPECT_THAT(read_file(path("wrong") + "/samples.jsonl"),
              HasSubstr("fence/test 2 of 2: wrong_output: returned 4"));
}

TEST_F(CodeReward, TrainingPaysThemCountsThemAndLeavesNothingBehind) {
  const std::string rest =
      "steps: 2\nrollout: {questions: 2, group_size: 2, max_new_tokens: 3}\n"
      "reward: {judge_truncated: true, verifier: {code: {workers: 2, partial: true}}}\n"
      "data: [{name: programs, format: code, path: " +
      rows("def f(x): return 5") + "}]\n";
  const auto before = test::leftovers();
  const auto run =
      run_grpo("train " + recipe("def f(x): return 4", rest) + " --output " + path("run"));
  ASSERT_EQ(run.code, 0) << run.err;
  const auto after = test::leftovers();
  EXPECT_EQ(after, before) << test::describe(after);
  EXPECT_THAT(run.err, HasSubstr("programs: 1 of 2 references cannot be judged"));
  EXPECT_THAT(run.err, HasSubstr("its own solution is judged wrong: test 1 of 2"));
  std::istringstream lines(read_file(path("run") + "/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const auto metrics = parse_json(line, "metrics.jsonl");
    // Half of the assertions, and nothing printed.
    EXPECT_EQ(metrics["reward/mean"], 0.25);
    EXPECT_EQ(metrics["reward/accuracy"], 0);
    EXPECT_EQ(metrics["reward/unsupported"], 0);
    EXPECT_EQ(metrics["reward/sandbox_error"], 0);
  }
}

TEST_F(CodeReward, AMissingSandboxIsRefusedBeforeAnythingIsLoaded) {
  const std::string rest = "data: [{format: code, path: " + rows("") + "}]\n" +
                           "reward: {verifier: {code: {python: /nowhere/python3}}}\nsteps: 1\n";
  const auto run =
      run_grpo("train " + recipe(right_, rest) + " --set model.path=" + folder_.path().string() +
               " --output " + path("run"));
  EXPECT_EQ(run.code, 69) << run.err;
  EXPECT_THAT(run.err, HasSubstr("/nowhere/python3"));
  EXPECT_FALSE(std::filesystem::exists(path("run")));
  const auto none = run_grpo("train " + recipe(right_, rest) +
                             " --set reward.verifier.code.sandbox=none --output " + path("run"));
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("reward.verifier.code.sandbox"));
}

}  // namespace
}  // namespace grpo::testing
