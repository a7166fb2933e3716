#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datasets/problem.h"
#include "reward/rubric.h"
#include "rl/data.h"
#include "rl/recipe.h"
#include "rollout/engine.h"
#include "rollout/sampler.h"

namespace grpo::rl {

/// One question with its judged answers.
struct EvaluatedProblem {
  int64_t problem = 0;
  rollout::Group group;
  std::vector<std::string> texts;           ///< [samples]
  std::vector<reward::RubricScore> scores;  ///< [samples]
};

struct EvalResult {
  int64_t problems = 0;
  int64_t samples = 1;
  double accuracy = 0;       ///< avg@k: mean over problems of the share of right answers
  double low = 0, high = 0;  ///< 95 % Wilson interval, over problems
  double pass_at_k = 0;      ///< share of problems with at least one right answer among k = samples
  double truncated = 0;      ///< share of answers cut at the length limit
  double unjudged = 0;       ///< share of answers without a verdict; they count as not right
  double mean_length = 0;
  std::vector<EvaluatedProblem> answers;
};

/// What makes a question impossible, before anything is sampled: Error (exit code 2) naming
/// `source` and the question that cannot be put or judged, or `<engine_key>.kv_memory_mib` where
/// one answer of `max_tokens` does not fit.
void check_questions(const rollout::Engine& engine, const Prompter& prompter,
                     const reward::Rubric& rubric, const std::vector<datasets::Problem>& problems,
                     const std::string& source, int64_t max_tokens, const std::string& engine_key);

/// Answers every problem `config.samples` times and judges. Deterministic: answers follow from
/// `seed`, problem and sample alone. `on_answer` is told the number of answers so far.
EvalResult evaluate(rollout::Sampler& sampler, const Prompter& prompter,
                    const std::vector<int32_t>& eos, const reward::Rubric& rubric,
                    std::span<const datasets::Problem> problems, const EvalConfig& config,
                    uint64_t seed, const std::function<void(int64_t)>& on_answer = {});

/// Wilson score interval of a share (Wilson 1927), 95 %: successes may be fractional (avg@k).
std::pair<double, double> wilson_interval(double successes, int64_t trials);

/// Unbiased pass@k from n samples of which c are right: 1 - C(n - c, k) / C(n, k), as a product.
/// Source: Chen et al., arXiv 2107.03374.
double pass_at_k(int64_t n, int64_t c, int64_t k);

}  // namespace grpo::rl
