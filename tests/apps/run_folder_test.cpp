#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "tests/apps/runs.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

TEST(SlowRunFolder, ASecondProcessOnARunIsRefusedAndTheFirstGoesOn) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string command = "sft " + recipes().sft().string() +
                              " --quiet --set steps=100000 --set eval.every=0 --output " +
                              run.string();
  const Background first(command, folder.path() / "log");
  await_lines(run / "metrics.jsonl", 2);
  for (const std::string flag : {" --resume", ""}) {
    const auto second = run_grpo(command + flag);
    EXPECT_EQ(second.code, 2) << flag;
    EXPECT_THAT(second.err, HasSubstr(run.string())) << flag;
    EXPECT_THAT(second.err, HasSubstr(flag.empty() ? "holds a run already"
                                                   : "another process is running this run"));
  }
  const size_t lines = num_lines(run / "metrics.jsonl");
  await_lines(run / "metrics.jsonl", lines + 2);
  first.signal(SIGINT);
  EXPECT_EQ(first.wait(), 130) << read_file(folder.path() / "log");
  const auto rows = metrics(run);
  ASSERT_GE(rows.size(), lines + 2);
  for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i]["step"], i + 1);
  const auto resumed = run_grpo(command + " --resume --steps " + std::to_string(rows.size() + 1));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

TEST(SlowRunFolder, ResumeNoticesThatTheDataHaveChanged) {
  const test::TemporaryFolder folder;
  const std::string first = R"({"id": "1", "prompt": "1+1=", "response": "2"})";
  const std::string second = R"({"id": "2", "prompt": "1+2=", "response": "3"})";
  const std::string edited = R"({"id": "2", "prompt": "1+2=", "response": "4"})";
  const auto data = folder.file("rows.jsonl", first + "\n" + second + "\n");
  const std::string command = "sft " + recipes().sft().string() +
                              " --quiet --set eval.every=0 --set 'data=[{path: " + data.string() +
                              "}]' --output " + (folder.path() / "run").string();
  ASSERT_EQ(run_grpo(command + " --steps 2").code, 0);
  for (const auto& [rows, expected] : std::map<std::string, std::string>{
           {first + "\n" + edited + "\n", "rows.jsonl: its rows are not those of the checkpoint"},
           {second + "\n" + first + "\n", "rows.jsonl: its rows are not those of the checkpoint"},
           {first + "\n", "rows.jsonl: 1 rows now, 2 in the checkpoint"}}) {
    write_atomically(data, rows);
    const auto refused = run_grpo(command + " --resume");
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr(expected));
  }
  write_atomically(data, first + "\n" + second + "\n");
  EXPECT_EQ(run_grpo(command + " --resume").code, 0);
}

TEST(RunFolder, ANewRunRefusesAFolderWithCheckpoints) {
  const test::TemporaryFolder folder;
  fs::create_directories(folder.path() / "run/checkpoints/step-2");
  const auto refused = run_grpo("sft " + recipes().sft().string() + " --quiet --steps 1 --output " +
                                (folder.path() / "run").string());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("run holds checkpoints of another run"));
}

TEST(SlowRunFolder, ResumeNoticesAnotherReferenceAndSaysWhoWentOn) {
  const test::TemporaryFolder folder;
  const auto demonstrate = [&](const std::string& seed) {
    const fs::path run = folder.path() / ("sft-" + seed);
    EXPECT_EQ(run_grpo("sft " + recipes().sft().string() + " --quiet --set eval.every=0 --steps 1" +
                       " --seed " + seed + " --output " + run.string())
                  .code,
              0);
    return run / "checkpoints/step-1";
  };
  const fs::path first = demonstrate("3"), second = demonstrate("4");
  const fs::path model = folder.path() / "model";
  fs::copy(first, model, fs::copy_options::recursive);
  const std::string command =
      "train " + recipes().grpo().string() +
      " --quiet --set eval.every=0 --set loss.kl.weight=0.1 --set model.random_init=false" +
      " --set model.path=" + model.string() + " --output " + (folder.path() / "run").string();
  ASSERT_EQ(run_grpo(command + " --steps 2").code, 0);
  const auto weights = model / "model.safetensors";
  fs::copy_file(second / "model.safetensors", weights, fs::copy_options::overwrite_existing);
  const auto refused = run_grpo(command + " --resume --steps 3");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("holds other weights than when the run began"));
  fs::copy_file(first / "model.safetensors", weights, fs::copy_options::overwrite_existing);
  EXPECT_EQ(run_grpo(command + " --resume --steps 3").code, 0);
  const Json run = parse_json(read_file(folder.path() / "run/run.json"), "run.json");
  EXPECT_EQ(run["resumed"].back()["after_step"], 2);
  EXPECT_THAT(run["resumed"].back()["command"].get<std::string>(), HasSubstr("--resume"));
}

TEST(SlowRunFolder, ResumeNoticesThatTheQuestionsOfEvaluationHaveChanged) {
  const test::TemporaryFolder folder;
  const auto asked = [](int a) {
    return fmt::format(R"({{"id": "1", "prompt": "{}+1=", "answer": "{}"}})", a, a + 1) + "\n";
  };
  const auto data = folder.file("questions.jsonl", asked(1));
  const std::string command =
      "sft " + recipes().sft().string() +
      " --quiet --set eval.every=1 --set 'eval.data=[{path: " + data.string() + "}]' --output " +
      (folder.path() / "run").string();
  ASSERT_EQ(run_grpo(command + " --steps 1").code, 0);
  write_atomically(data, asked(2));
  const auto refused = run_grpo(command + " --resume");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("eval.data: its questions are not those of the checkpoint"));
  write_atomically(data, asked(1));
  EXPECT_EQ(run_grpo(command + " --resume").code, 0);
}

TEST(SlowRunFolder, ResumeTakesAnotherValueOfKeysThatChangeNoResult) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run", whole = folder.path() / "whole";
  const std::string command = "train " + recipes().grpo().string() +
                              " --quiet --set eval.every=0 --set schedule.decay=constant";
  const std::string longer = command + " --set steps=4";
  ASSERT_EQ(run_grpo(longer + " --output " + whole.string()).code, 0);
  ASSERT_EQ(run_grpo(command + " --set steps=2 --output " + run.string()).code, 0);
  const auto resumed = run_grpo(longer + " --resume --output " + run.string() +
                                " --set checkpoint.every=1 --set log.samples=1"
                                " --set log.tensorboard=true --set rollout.engine.max_running=2");
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(metrics(run), metrics(whole));
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-3"));
  EXPECT_TRUE(fs::exists(run / "tensorboard"));
  EXPECT_THAT(read_file(run / "recipe.yaml"), HasSubstr("\nsteps: 4\n"));
}

TEST(SlowRunFolder, ResumeRefusesFewerStepsAndMoreWhereTheRateWouldChange) {
  const test::TemporaryFolder folder;
  for (const auto& [decay, steps] : std::map<std::string, int>{{"constant", 3}, {"cosine", 9}}) {
    const std::string command = "sft " + recipes().sft().string() +
                                " --quiet --set eval.every=0 --set schedule.decay=" + decay +
                                " --output " + (folder.path() / decay).string();
    ASSERT_EQ(run_grpo(command + " --steps 1").code, 0);
    const auto refused = run_grpo(command + " --resume --set steps=" + std::to_string(steps));
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("in: steps\n"));
  }
}

TEST(SlowRunFolder, AFileThatCannotBeWrittenIsAnErrorInTheLogToo) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  // Room for the log and the metrics, not for a checkpoint.
  const Background program("sft " + recipes().sft().string() +
                               " --quiet --set eval.every=0 --steps 1 --output " + run.string(),
                           folder.path() / "log", "ulimit -f 16; ");
  EXPECT_EQ(program.wait(), 1);
  for (const fs::path& file : {folder.path() / "log", run / "log.txt"}) {
    EXPECT_THAT(read_file(file), ::testing::AllOf(HasSubstr("step-1"), HasSubstr("File too large")))
        << file;
  }
  EXPECT_EQ(num_lines(run / "metrics.jsonl"), 1u);
}

}  // namespace
}  // namespace grpo::testing
