#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

TEST(Eval, WritesEveryAnswerAndTheResults) {
  const test::TemporaryFolder folder;
  const auto recipe =
      folder.file("eval.yaml", "seed: 3\nmodel:\n  path: " + tiny_model() +
                                   "\nprompt:\n  chat: false\n  text: \"{question}=\"\n"
                                   "eval:\n  samples: 2\n  temperature: 1.0\n"
                                   "  max_new_tokens: 4\n  data:\n"
                                   "    - generator:\n        family: arithmetic\n"
                                   "      count: 3\n");
  const auto run = folder.path() / "run";
  const std::string command = "eval " + recipe.string() + " --output " + run.string();
  const auto first = run_grpo(command);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("problems   3\nsamples    2\navg@2"));
  const auto results = parse_json(read_file(run / "results.json"), "results.json");
  EXPECT_EQ(results["problems"], 3);
  EXPECT_TRUE(std::filesystem::exists(run / "recipe.yaml"));
  const auto samples = read_file(run / "samples.jsonl");
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 6);
  const Json sample = parse_json(samples.substr(0, samples.find('\n')), "samples.jsonl");
  EXPECT_EQ(sample["prompt"], sample["question"].get<std::string>() + "=") << "what the model saw";

  EXPECT_EQ(run_grpo(command).code, 2) << "the folder holds a run already";
  EXPECT_EQ(run_grpo(command + " --resume").out, first.out);
  const auto other = run_grpo("eval " + recipe.string() + " --quiet --output " +
                              (folder.path() / "other").string());
  EXPECT_EQ(other.out, first.out);
  EXPECT_EQ(other.err, "");
}

TEST(Eval, RefusesWhatItDoesNotKnow) {
  const test::TemporaryFolder folder;
  const auto recipe = folder.file("eval.yaml", "model:\n  path: x\neval:\n  sampels: 2\n");
  const auto misspelt = run_grpo("eval " + recipe.string());
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("eval.yaml:4"));
  EXPECT_THAT(misspelt.err, HasSubstr("eval.sampels: unknown key"));
  EXPECT_EQ(run_grpo("eval " + recipe.string() + " --resume").code, 2);
}

}  // namespace
}  // namespace grpo::testing
