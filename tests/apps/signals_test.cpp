#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <string>

#include "tests/apps/runs.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

std::string endless(const fs::path& run) {
  return "sft " + recipes().sft().string() +
         " --set steps=100000 --set eval.every=0 --set checkpoint.every=0 --output " + run.string();
}

TEST(SlowSignals, EachOfThemSavesACheckpointAndHasItsExitCode) {
  for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1}) {
    SCOPED_TRACE(strsignal(number));
    const test::TemporaryFolder folder;
    const fs::path run = folder.path() / "run";
    const Background program(endless(run), folder.path() / "log");
    await_lines(run / "metrics.jsonl", 2);
    program.signal(number);
    EXPECT_EQ(program.wait(), 128 + number) << read_file(folder.path() / "log");
    EXPECT_THAT(read_file(run / "log.txt"), HasSubstr("warning interrupted; --resume goes on"));
    ASSERT_TRUE(fs::exists(run / "checkpoints"));
    EXPECT_FALSE(fs::is_empty(run / "checkpoints"));
  }
}

TEST(SlowSignals, AnUpdateIsGivenUpBetweenTwoMicroBatches) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  // One step whose update takes minutes: a sequence per micro-batch.
  const Background program(endless(run) + " --set batch=200000 --set update.max_tokens=1",
                           folder.path() / "log");
  for (int i = 0; i < 60000 && !fs::exists(run / "log.txt"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130) << read_file(folder.path() / "log");
  EXPECT_EQ(num_lines(run / "metrics.jsonl"), 0u);
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-0"));
  EXPECT_THAT(read_file(folder.path() / "log"), HasSubstr("once more ends at once"));
}

TEST(SlowSignals, BeforeAStepASignalEndsTheProgramAtOnce) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const Background program(endless(run) + " --set data.0.count=100000000", folder.path() / "log");
  std::this_thread::sleep_for(std::chrono::seconds(1));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), -SIGTERM);
  EXPECT_FALSE(fs::exists(run));
}

TEST(SlowSignals, UnderNohupAHangupIsNothing) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const Background program(endless(run), folder.path() / "log", "trap '' HUP; ");
  await_lines(run / "metrics.jsonl", 1);
  program.signal(SIGHUP);
  const size_t lines = num_lines(run / "metrics.jsonl");
  await_lines(run / "metrics.jsonl", lines + 2);
  EXPECT_GE(num_lines(run / "metrics.jsonl"), lines + 2);
  program.signal(SIGINT);
  EXPECT_EQ(program.wait(), 130);
}

TEST(SlowSignals, ARunOutlivesTheReaderOfItsOutput) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run", code = folder.path() / "code";
  const std::string command =
      fmt::format("({} {} --steps 6; echo $? > {}) 2>&1 | head -n 1 > {}", GRPO_BINARY,
                  endless(run), code.string(), (folder.path() / "head").string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read_file(code), "0\n");
  EXPECT_EQ(num_lines(run / "metrics.jsonl"), 6u);
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-6"));
  // An error that nobody reads still has its exit code.
  const std::string refused =
      fmt::format("({} {}; echo $? > {}) 2>&1 | true", GRPO_BINARY, endless(run), code.string());
  EXPECT_EQ(std::system(refused.c_str()), 0);
  EXPECT_EQ(read_file(code), "2\n");
}

}  // namespace
}  // namespace grpo::testing
