#pragma once

#include <future>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "reward/rubric.h"

namespace grpo::reward {

/// One group of answers being judged; every answer is a job of its own in the pool.
class PendingGroup {
 public:
  /// Owns the answers; problem, rubric and pool must outlive the group.
  PendingGroup(const Rubric& rubric, const datasets::Problem& problem, std::vector<Answer> answers,
               ThreadPool& pool);
  PendingGroup(PendingGroup&&) = default;
  /// Waits: the jobs refer to the answers.
  ~PendingGroup();

  /// Waits for the verdicts and adds the other parts. Call once.
  std::vector<RubricScore> get();

 private:
  const Rubric* rubric_;
  std::unique_ptr<std::vector<Answer>> answers_;  // at a fixed address: the jobs refer to it
  std::vector<std::future<Score>> verdicts_;
};

/// Judges all groups through the pool: groups[q] are the answers to problems[q]. Results in the
/// same order, whatever the pool's size. An exception of a verifier comes out here.
std::vector<std::vector<RubricScore>> score_all(const Rubric& rubric,
                                                std::span<const datasets::Problem> problems,
                                                std::vector<std::vector<Answer>> groups,
                                                ThreadPool& pool);

}  // namespace grpo::reward
