#include "reward/score_all.h"

#include "base/error.h"

namespace grpo::reward {

PendingGroup::PendingGroup(const Rubric& rubric, const datasets::Problem& problem,
                           std::vector<Answer> answers, ThreadPool& pool)
    : rubric_(&rubric), answers_(std::make_unique<std::vector<Answer>>(std::move(answers))) {
  for (const Answer& answer : *answers_) {
    verdicts_.push_back(
        pool.submit([&rubric, &problem, &answer] { return rubric.judge(problem, answer); }));
  }
}

PendingGroup::~PendingGroup() {
  for (const auto& verdict : verdicts_) {
    if (verdict.valid()) verdict.wait();
  }
}

std::vector<RubricScore> PendingGroup::get() {
  std::vector<Score> verdicts;
  for (auto& verdict : verdicts_) verdicts.push_back(verdict.get());
  return rubric_->finish(*answers_, std::move(verdicts));
}

std::vector<std::vector<RubricScore>> score_all(const Rubric& rubric,
                                                std::span<const datasets::Problem> problems,
                                                std::vector<std::vector<Answer>> groups,
                                                ThreadPool& pool) {
  check(problems.size() == groups.size(), "score_all: {} problems, {} groups", problems.size(),
        groups.size());
  std::vector<PendingGroup> pending;
  pending.reserve(groups.size());
  for (size_t q = 0; q < groups.size(); ++q) {
    pending.emplace_back(rubric, problems[q], std::move(groups[q]), pool);
  }
  std::vector<std::vector<RubricScore>> scores;
  scores.reserve(pending.size());
  for (auto& group : pending) scores.push_back(group.get());
  return scores;
}

}  // namespace grpo::reward
