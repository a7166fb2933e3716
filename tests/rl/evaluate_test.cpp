#include "rl/evaluate.h"

#include <gtest/gtest.h>

#include <bit>

#include "base/error.h"
#include "datasets/generators.h"
#include "rollout/engine.h"

namespace grpo::rl {
namespace {

TEST(PassAtK, IsTheShareOfSubsetsWithARightAnswer) {
  for (int64_t n = 1; n <= 9; ++n) {
    for (int64_t c = 0; c <= n; ++c) {
      for (int64_t k = 1; k <= n; ++k) {
        int64_t subsets = 0, right = 0;
        for (uint32_t subset = 0; subset < (1u << n); ++subset) {
          if (std::popcount(subset) != k) continue;
          ++subsets;
          right += (subset & ((1u << c) - 1)) != 0 ? 1 : 0;  // answers 0 to c - 1 are right
        }
        EXPECT_NEAR(pass_at_k(n, c, k), static_cast<double>(right) / static_cast<double>(subsets),
                    1e-12)
            << n << " " << c << " " << k;
      }
    }
  }
}

TEST(PassAtK, RefusesMoreDrawsThanSamples) {
  EXPECT_THROW(pass_at_k(4, 1, 5), Error);
  EXPECT_THROW(pass_at_k(4, 5, 1), Error);
  EXPECT_THROW(pass_at_k(4, 1, 0), Error);
}

TEST(WilsonInterval, HasThePublishedValues) {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score, no continuity
  // correction).
  const struct {
    double successes;
    int64_t trials;
    double low, high;
  } rows[] = {{81, 263, 0.2553, 0.3662},
              {15, 148, 0.0624, 0.1605},
              {0, 20, 0.0000, 0.1611},
              {1, 29, 0.0061, 0.1718}};
  for (const auto& row : rows) {
    const auto [low, high] = wilson_interval(row.successes, row.trials);
    EXPECT_NEAR(low, row.low, 5e-5) << row.successes << "/" << row.trials;
    EXPECT_NEAR(high, row.high, 5e-5) << row.successes << "/" << row.trials;
  }
  EXPECT_EQ(wilson_interval(0, 0), std::pair(0.0, 1.0));
}

TEST(Evaluate, GivesTheSameAnswersWhateverTheEnginesLimits) {
  const auto policy = policy::Policy::random(GRPO_SOURCE_DIR "/recipes/tiny/model", 1, 0.1);
  const Prompter prompter({}, *policy);
  const reward::Rubric rubric{reward::RubricConfig{}};
  const auto problems = datasets::Generator({}).problems(datasets::Split::held_out, 3);
  EvalConfig config;
  config.samples = 4;
  config.temperature = 1.0;
  config.max_new_tokens = 12;
  const auto run = [&](const rollout::EngineConfig& engine_config, uint64_t seed) {
    rollout::Engine engine(engine_config, policy->decoder(), &policy->tokenizer());
    return evaluate(engine, prompter, policy->eos(), rubric, problems, config, seed);
  };
  const EvalResult first = run({}, 1);
  EXPECT_EQ(first.problems, 3);
  ASSERT_EQ(first.answers.size(), 3u);
  const EvalResult again = run({.max_running = 2, .max_batch_tokens = 9}, 1);
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_EQ(first.answers[i].scores.size(), 4u);
    EXPECT_EQ(first.answers[i].texts, again.answers[i].texts);
  }
  EXPECT_EQ(first.accuracy, again.accuracy);
  EXPECT_EQ(first.mean_length, again.mean_length);
  EXPECT_NE(run({}, 2).answers[0].texts, first.answers[0].texts);
}

TEST(Evaluate, DrawsOtherNumbersThanTraining) {
  const auto policy = policy::Policy::random(GRPO_SOURCE_DIR "/recipes/tiny/model", 1, 0.1);
  const Prompter prompter({}, *policy);
  const auto problems = datasets::Generator({}).problems(datasets::Split::held_out, 1);
  EvalConfig config;
  config.samples = 4;
  config.temperature = 1.0;
  config.max_new_tokens = 12;
  rollout::Engine engine({}, policy->decoder(), &policy->tokenizer());
  const EvalResult asked = evaluate(engine, prompter, policy->eos(),
                                    reward::Rubric{reward::RubricConfig{}}, problems, config, 1);
  rollout::SamplingParams params;  // of a first step with the same seed
  params.max_tokens = config.max_new_tokens;
  params.seed = 1;
  params.stop_tokens = policy->eos();
  const std::vector<std::vector<int32_t>> prompts = {prompter.encode(problems[0].prompt)};
  const auto sampled = engine.sample(prompts, config.samples, params);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NE(asked.answers[0].group.completions[i].tokens, sampled[0].completions[i].tokens);
  }
}

}  // namespace
}  // namespace grpo::rl
