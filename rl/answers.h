#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "datasets/problem.h"
#include "monitor/record.h"
#include "reward/rubric.h"
#include "rl/data.h"
#include "rl/pack.h"
#include "rollout/sampler.h"

namespace grpo {
class ThreadPool;
}

namespace grpo::rl {

/// A question with its judged answers. `rewards` are what the rubric paid, NaN where an answer
/// could not be judged; the advantage never overwrites them.
struct AnsweredProblem {
  datasets::Problem problem;
  rollout::Group group;
  std::vector<std::string> texts;           ///< [answers]
  std::vector<reward::RubricScore> scores;  ///< [answers]
  std::vector<double> rewards;              ///< [answers]
  std::vector<double> advantages;           ///< [answers], once they are computed
};

/// Samples a group of answers for each problem and judges every group while others are still being
/// sampled.
std::vector<AnsweredProblem> answer(rollout::Sampler& sampler, const Prompter& prompter,
                                    const reward::Rubric& rubric, ThreadPool& pool,
                                    std::vector<datasets::Problem> problems, int64_t group_size,
                                    const rollout::SamplingParams& params,
                                    const rollout::Observer& observer = {});

/// Throws Error (exit code 2) naming the first problem of `source` whose kind has no verifier.
void check_judged(const reward::Rubric& rubric, std::span<const datasets::Problem> problems,
                  const std::string& source);

/// Warns when the rubric cannot judge some references of `source`, or judges a program that comes
/// as the right one as wrong: how many, and the first.
void warn_of_unreadable(const reward::Rubric& rubric, std::span<const datasets::Problem> problems,
                        const std::string& source);

/// Metrics of everything that was sampled in a step (docs/metrics.md): reward/*, response_length/*.
void add_answer_metrics(std::span<const AnsweredProblem> answered, monitor::Record& record);

/// Answers with their advantages -> sequences for the learner, in order.
std::vector<Sequence> make_sequences(std::span<const AnsweredProblem> answered);

}  // namespace grpo::rl
