// What makes a row or a setting impossible is said before the run has a folder, by row and key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/apps/runs.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

/// `grpo <command>` on a recipe that must be refused without leaving a folder: what it says.
std::string refusal(const std::string& command, const fs::path& recipe,
                    const std::string& flags = "") {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const auto refused =
      run_grpo(command + " " + recipe.string() + " --quiet " + flags + " --output " + run.string());
  EXPECT_EQ(refused.code, 2) << refused.err;
  EXPECT_FALSE(fs::exists(run)) << "a refused run must not claim its folder";
  return refused.err;
}

TEST(RefusedData, AResponseThatCannotBeEncodedIsNamed) {
  const auto data = recipes().file("umlaut.jsonl", R"({"prompt": "1+1=", "response": "2"}
{"prompt": "1+1=", "response": "zwei für eins"}
)");
  const std::string said =
      refusal("sft", recipes().sft(), "--set 'data=[{path: " + data.string() + "}]'");
  EXPECT_THAT(said, HasSubstr("umlaut.jsonl: question umlaut.jsonl:2: "));
  EXPECT_THAT(said, HasSubstr("no token for byte 0xC3"));
}

TEST(RefusedData, AResponseBeyondTheContextIsNamed) {
  const Json row = {{"id", "endless"}, {"prompt", "1+1="}, {"response", std::string(20000, '2')}};
  const auto data = recipes().file("endless.jsonl", row.dump() + "\n");
  const std::string said =
      refusal("sft", recipes().sft(), "--set 'data=[{path: " + data.string() + "}]'");
  EXPECT_THAT(said, HasSubstr("endless.jsonl: question endless: "));
  EXPECT_THAT(said, HasSubstr("with the response, the model's context is 256"));
}

TEST(RefusedData, ACacheThatHoldsNoAnswerIsNamedByItsKey) {
  const fs::path model = recipes().path("wide");
  write_model(model);
  Json config = parse_json(read_file(model / "config.json"), "config.json");
  config["v_head_dim"] = 256;  // 2 layers of 16 tokens of 4 heads: 134 KiB a page
  write_atomically(model / "config.json", config.dump());
  const std::string wide = "--set model.path=" + model.string();
  const std::string long_answers = wide + " --set rollout.max_new_tokens=200 --set ";
  EXPECT_THAT(refusal("train", recipes().grpo(), long_answers + "rollout.engine.kv_memory_mib=1"),
              HasSubstr("rollout.engine.kv_memory_mib: one answer needs"));
  const std::string long_evaluation = wide + " --set eval.max_new_tokens=200 --set ";
  EXPECT_THAT(
      refusal("train", recipes().grpo(), long_evaluation + "rollout.engine.kv_memory_mib=1"),
      HasSubstr("rollout.engine.kv_memory_mib: one answer needs"));
  EXPECT_THAT(refusal("sft", recipes().sft(), long_evaluation + "engine.kv_memory_mib=1"),
              HasSubstr("grpo: engine.kv_memory_mib: one answer needs"));
}

TEST(RefusedData, SettingsThatCannotBeMeantAreNamedByTheirKeys) {
  const auto data = recipes().file("two.jsonl", R"({"prompt": "1+1=", "answer": "2"}
{"prompt": "1+2=", "answer": "3"}
)");
  const auto source = [&](const std::string& key, const std::string& settings) {
    return "--set '" + key + "=[{path: " + data.string() + ", " + settings + "}]'";
  };
  EXPECT_THAT(refusal("train", recipes().grpo(), source("data", "skip: 1, count: 2")),
              HasSubstr("data.0.count: asks for 2 rows; " + data.string() + " has 1 after skip 1"));
  EXPECT_THAT(refusal("train", recipes().grpo(), source("eval.data", "weight: 2")),
              HasSubstr("eval.data.0.weight: every question is asked"));
  EXPECT_THAT(refusal("train", recipes().grpo(), "--set reward.accuracy=0 --set reward.overlong=0"),
              HasSubstr("reward: every weight is 0"));
}

TEST(SlowTrain, WarnsOfAWarmUpThatNeverEnds) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  ASSERT_EQ(run_grpo("sft " + recipes().sft().string() +
                     " --quiet --set eval.every=0 --set steps=1 --set schedule.warmup_steps=2"
                     " --output " +
                     run.string())
                .code,
            0);
  EXPECT_THAT(read_file(run / "log.txt"), HasSubstr("schedule.warmup_steps: 2 for 1 steps"));
}

}  // namespace
}  // namespace grpo::testing
