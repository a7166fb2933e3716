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
  const auto resumed =
      run_grpo(command + " --resume --steps " + std::to_string(rows.size() + 1));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
}

}  // namespace
}  // namespace grpo::testing
