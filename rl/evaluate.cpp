#include "rl/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "reward/score_all.h"
#include "rl/answers.h"
#include "rl/interrupt.h"

namespace grpo::rl {

std::pair<double, double> wilson_interval(double successes, int64_t trials) {
  if (trials == 0) return {0, 1};
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(trials);
  const double p = successes / n, z2 = z * z;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double pass_at_k(int64_t n, int64_t c, int64_t k) {
  check(k >= 1 && k <= n && c >= 0 && c <= n, "pass@{}: {} right of {} samples", k, c, n);
  if (n - c < k) return 1.0;
  double none = 1.0;  // probability that k draws without replacement are all wrong
  for (int64_t i = n - c + 1; i <= n; ++i) {
    none *= 1.0 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1.0 - none;
}

void check_questions(const rollout::Engine& engine, const Prompter& prompter,
                     const reward::Rubric& rubric, const std::vector<datasets::Problem>& problems,
                     const std::string& source, int64_t max_tokens, const std::string& engine_key) {
  const int64_t longest = prompter.check_all(problems, source);
  check_judged(rubric, problems, source);
  if (longest > 0) engine.check_room(longest, max_tokens, engine_key);
}

EvalResult evaluate(rollout::Sampler& sampler, const Prompter& prompter,
                    const std::vector<int32_t>& eos, const reward::Rubric& rubric,
                    std::span<const datasets::Problem> problems, const EvalConfig& config,
                    uint64_t seed, const std::function<void(int64_t)>& on_answer) {
  EvalResult result;
  result.problems = static_cast<int64_t>(problems.size());
  result.samples = config.samples;
  std::vector<std::vector<int32_t>> prompts;
  for (const auto& problem : problems) prompts.push_back(prompter.encode(problem.prompt));
  rollout::SamplingParams params;
  params.max_tokens = config.max_new_tokens;
  params.temperature = config.temperature;
  params.top_p = config.top_p;
  params.seed = seed;
  params.first_sequence = kEvaluationSequence;
  params.stop_tokens = eos;
  rollout::Observer observer;
  observer.on_token = [](int64_t, int64_t, int32_t) {
    throw_if_interrupted();
    return true;
  };
  int64_t num_answers = 0;
  observer.on_completion = [&](int64_t, int64_t, const rollout::Completion&) {
    if (on_answer) on_answer(++num_answers);
  };
  auto groups = sampler.sample(prompts, config.samples, params, observer);

  std::vector<std::vector<reward::Answer>> answers;
  double length = 0;
  int64_t truncated = 0;
  for (auto& group : groups) {
    EvaluatedProblem evaluated{group.problem, std::move(group), {}, {}};
    std::vector<reward::Answer> judged;
    for (const auto& c : evaluated.group.completions) {
      const bool cut = c.finish == rollout::Finish::kLength;
      evaluated.texts.push_back(prompter.decode(c.tokens));
      judged.push_back({prompter.answer_prefix() + evaluated.texts.back(),
                        static_cast<int64_t>(c.tokens.size()), cut});
      length += static_cast<double>(c.tokens.size());
      truncated += cut ? 1 : 0;
    }
    answers.push_back(std::move(judged));
    result.answers.push_back(std::move(evaluated));
  }
  ThreadPool pool(rubric.num_threads());
  auto scores = reward::score_all(rubric, problems, std::move(answers), pool);
  double right = 0;
  int64_t unjudged = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto correct = std::count_if(scores[i].begin(), scores[i].end(), [](const auto& s) {
      return s.verdict.outcome == reward::Outcome::correct;
    });
    unjudged += std::count_if(scores[i].begin(), scores[i].end(), [](const auto& s) {
      return !reward::says_something(s.verdict.outcome) ||
             s.verdict.outcome == reward::Outcome::unsupported;
    });
    right += static_cast<double>(correct) / static_cast<double>(config.samples);
    result.pass_at_k += pass_at_k(config.samples, correct, config.samples);
    result.answers[i].scores = std::move(scores[i]);
  }
  const auto n = static_cast<double>(std::max<int64_t>(1, result.problems));
  const double all = n * static_cast<double>(config.samples);
  result.accuracy = right / n;
  result.pass_at_k /= n;
  result.truncated = static_cast<double>(truncated) / all;
  result.unjudged = static_cast<double>(unjudged) / all;
  result.mean_length = length / all;
  std::tie(result.low, result.high) = wilson_interval(right, result.problems);
  return result;
}

}  // namespace grpo::rl
