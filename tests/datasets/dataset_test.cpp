#include "datasets/dataset.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::datasets {
namespace {

TEST(Dataset, AFileIsReadInItsFormatUpToTheLimit) {
  DatasetConfig config;
  config.path = GRPO_SOURCE_DIR "/datasets/samples/gsm8k_test_200.jsonl.gz";
  config.format = Format::gsm8k;
  config.limit = 3;
  const auto problems = load_problems(config);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[1].answer, "3");
  EXPECT_EQ(load_demonstrations(config).size(), 3u);
}

TEST(Dataset, WithoutAPathTheGeneratorMakesTheProblems) {
  DatasetConfig config;
  config.count = 5;
  const auto problems = load_problems(config);
  const auto demonstrations = load_demonstrations(config);
  ASSERT_EQ(problems.size(), 5u);
  ASSERT_EQ(demonstrations.size(), 5u);
  EXPECT_EQ(problems[4].prompt, demonstrations[4].prompt);
}

TEST(Dataset, MixesSourcesAndResumes) {
  DatasetConfig one, two;
  one.count = two.count = 10;
  two.name = "linear";
  two.generator.family = Family::linear;
  two.weight = 3;
  auto stream = problem_stream({one, two}, 5);
  int64_t linear = 0;
  for (const auto& problem : stream.next(8)) linear += problem.id.starts_with("linear");
  EXPECT_EQ(linear, 6);
  auto resumed = problem_stream({one, two}, 5);
  resumed.restore(stream.cursor());
  EXPECT_EQ(stream.next(10), resumed.next(10));
}

TEST(Dataset, BadCountsAndLimitsAreRefused) {
  DatasetConfig config;
  config.count = 0;
  EXPECT_THROW(load_problems(config), Error);
  config.path = GRPO_SOURCE_DIR "/datasets/samples/gsm8k_test_200.jsonl.gz";
  config.format = Format::gsm8k;
  config.limit = -1;
  EXPECT_THROW(load_problems(config), Error);
}

}  // namespace
}  // namespace grpo::datasets
