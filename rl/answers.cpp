#include "rl/answers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "reward/score_all.h"
#include "rl/select.h"

namespace grpo::rl {
namespace {

/// Judging of one group, begun when its last answer is there.
struct Judging {
  std::vector<std::string> texts;
  int64_t missing = 0;
  std::vector<reward::Answer> answers;
  std::optional<reward::PendingGroup> pending;
};

struct Moments {
  double sum = 0, squares = 0, least = std::numeric_limits<double>::infinity(),
         most = -std::numeric_limits<double>::infinity();
  int64_t count = 0;

  void add(double x) {
    if (std::isnan(x)) return;
    sum += x;
    squares += x * x;
    least = std::min(least, x);
    most = std::max(most, x);
    ++count;
  }
  double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
  double deviation() const {
    if (count < 2) return 0;
    const auto n = static_cast<double>(count);
    return std::sqrt(std::max(0.0, (squares - sum * sum / n) / (n - 1)));
  }
};

}  // namespace

std::vector<AnsweredProblem> answer(rollout::Sampler& sampler, const Prompter& prompter,
                                    const reward::Rubric& rubric, ThreadPool& pool,
                                    std::vector<datasets::Problem> problems, int64_t group_size,
                                    const rollout::SamplingParams& params,
                                    const rollout::Observer& observer) {
  std::vector<std::vector<int32_t>> prompts;
  for (const auto& problem : problems) prompts.push_back(prompter.encode(problem.prompt));
  std::vector<Judging> judging(problems.size());
  for (Judging& j : judging) {
    j.texts.resize(static_cast<size_t>(group_size));
    j.answers.resize(static_cast<size_t>(group_size));
    j.missing = group_size;
  }
  rollout::Observer watch = observer;
  watch.on_completion = [&](int64_t p, int64_t a, const rollout::Completion& c) {
    Judging& j = judging[static_cast<size_t>(p)];
    const auto i = static_cast<size_t>(a);
    j.texts[i] = prompter.decode(c.tokens);
    j.answers[i] = {prompter.answer_prefix() + j.texts[i], static_cast<int64_t>(c.tokens.size()),
                    c.finish == rollout::Finish::kLength};
    if (--j.missing == 0) {
      j.pending.emplace(rubric, problems[static_cast<size_t>(p)], std::move(j.answers), pool);
    }
    if (observer.on_completion) observer.on_completion(p, a, c);
  };
  auto groups = sampler.sample(prompts, group_size, params, watch);
  std::vector<AnsweredProblem> out;
  for (size_t p = 0; p < problems.size(); ++p) {
    AnsweredProblem answered{{}, std::move(groups[p]), std::move(judging[p].texts), {}, {}, {}};
    answered.scores = judging[p].pending->get();
    for (const auto& score : answered.scores) {
      const bool paid = rubric.pays(score.verdict.outcome);
      answered.rewards.push_back(paid ? score.total : std::numeric_limits<double>::quiet_NaN());
    }
    out.push_back(std::move(answered));
  }
  judging.clear();  // the pending groups refer to `problems`
  for (size_t p = 0; p < problems.size(); ++p) out[p].problem = std::move(problems[p]);
  return out;
}

void check_judged(const reward::Rubric& rubric, std::span<const datasets::Problem> problems,
                  const std::string& source) {
  for (const auto& problem : problems) {
    check_input(rubric.judges(problem.kind), "{}: question {}: no verifier for problems of kind {}",
                source, problem.id, name_of(problem.kind));
  }
}

void warn_of_unreadable(const reward::Rubric& rubric, std::span<const datasets::Problem> problems,
                        const std::string& source) {
  ThreadPool pool(rubric.num_threads());
  std::vector<std::future<std::string>> reasons;
  for (const auto& problem : problems) {
    reasons.push_back(pool.submit([&] { return rubric.why_unreadable(problem); }));
  }
  int64_t count = 0;
  std::string first;
  for (size_t i = 0; i < problems.size(); ++i) {
    const std::string why = reasons[i].get();
    if (!why.empty() && ++count == 1) first = fmt::format("{}: {}", problems[i].id, why);
  }
  if (count == 0) return;
  log_warning("{}: {} of {} references cannot be judged as they are meant, the first is {}", source,
              count, problems.size(), first);
}

void add_answer_metrics(std::span<const AnsweredProblem> answered, monitor::Record& record) {
  Moments reward, length, entropy;
  std::map<std::string, Moments> parts;
  int64_t truncated = 0, all = 0, uniform = 0;
  std::map<reward::Outcome, int64_t> outcomes;
  bool code = false;
  for (const AnsweredProblem& a : answered) {
    uniform += equal_rewards(a.rewards) ? 1 : 0;
    code = code || a.problem.kind == datasets::Kind::code;
    for (size_t i = 0; i < a.rewards.size(); ++i) {
      ++all;
      reward.add(a.rewards[i]);
      const auto& c = a.group.completions[i];
      length.add(static_cast<double>(c.tokens.size()));
      for (const float h : c.entropies) entropy.add(h);
      truncated += c.finish == rollout::Finish::kLength ? 1 : 0;
      ++outcomes[a.scores[i].verdict.outcome];
      if (std::isnan(a.rewards[i])) continue;
      for (const auto& part : a.scores[i].parts) parts[part.name].add(part.value);
    }
  }
  const auto share = [&](int64_t n, int64_t of) {
    return of == 0 ? 0.0 : static_cast<double>(n) / static_cast<double>(of);
  };
  if (reward.count > 0) {
    record.set("reward/mean", reward.mean());
    record.set("reward/std", reward.deviation());
  }
  record.set("reward/accuracy", share(outcomes[reward::Outcome::correct], all));
  for (const auto& [name, part] : parts) {
    if (name != "accuracy") record.set("reward/" + name, part.mean());
  }
  record.set("reward/unverifiable", share(outcomes[reward::Outcome::unverifiable], all));
  record.set("reward/timeout", share(outcomes[reward::Outcome::timeout], all));
  if (code) {
    record.set("reward/unsupported", share(outcomes[reward::Outcome::unsupported], all));
    record.set("reward/sandbox_error", share(outcomes[reward::Outcome::sandbox_error], all));
  }
  record.set("frac_reward_zero_std", share(uniform, static_cast<int64_t>(answered.size())));
  record.set("response_length/mean", length.mean());
  record.set("response_length/max", length.count > 0 ? length.most : 0);
  record.set("response_length/min", length.count > 0 ? length.least : 0);
  record.set("response_length/clip_ratio", share(truncated, all));
  record.set("rollout/entropy", entropy.mean());
}

std::vector<Sequence> make_sequences(std::span<const AnsweredProblem> answered) {
  std::vector<Sequence> sequences;
  for (const AnsweredProblem& a : answered) {
    check(a.advantages.size() == a.group.completions.size(), "train: {} answers, {} advantages",
          a.group.completions.size(), a.advantages.size());
    for (size_t i = 0; i < a.group.completions.size(); ++i) {
      sequences.push_back(make_sequence(a.group.prompt, a.group.completions[i], a.advantages[i]));
      sequences.back().filtered = std::isnan(a.rewards[i]);
    }
  }
  return sequences;
}

}  // namespace grpo::rl
