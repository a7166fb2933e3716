#include "rl/pack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "base/error.h"

namespace grpo::rl {
namespace {

using Plan = std::vector<std::vector<int64_t>>;

int64_t load(const std::vector<int64_t>& batch, const std::vector<int64_t>& lengths) {
  return std::accumulate(batch.begin(), batch.end(), int64_t{0},
                         [&](int64_t sum, int64_t i) { return sum + lengths[i]; });
}

TEST(PlanBatches, HoldsEverySequenceOnceAndNoBatchIsTooLarge) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<int64_t> lengths(1 + random() % 60);
    for (int64_t& n : lengths) n = 1 + static_cast<int64_t>(random() % 120);
    const Plan plan = plan_batches(lengths, 100);
    std::vector<int> seen(lengths.size(), 0);
    for (const auto& batch : plan) {
      EXPECT_FALSE(batch.empty());
      EXPECT_TRUE(std::is_sorted(batch.begin(), batch.end()));
      EXPECT_TRUE(batch.size() == 1 || load(batch, lengths) <= 100);
      for (const int64_t i : batch) ++seen[i];
    }
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
    EXPECT_EQ(plan, plan_batches(lengths, 100));
  }
}

TEST(PlanBatches, FindsThePerfectFitThatEvenLoadsMiss) {
  // Longest first onto the lightest of two batches makes 3+2+2 and 3+2.
  const std::vector<int64_t> lengths = {3, 3, 2, 2, 2};
  const Plan plan = plan_batches(lengths, 6);
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(load(plan[0], lengths), 6);
  EXPECT_EQ(load(plan[1], lengths), 6);
}

TEST(PlanBatches, EvensTheLoadOut) {
  const std::vector<int64_t> lengths = {10, 10, 10, 10, 10, 10};
  const Plan plan = plan_batches(lengths, 50);  // best fit alone: 50 and 10
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(load(plan[0], lengths), 30);
  EXPECT_EQ(load(plan[1], lengths), 30);
}

TEST(PlanBatches, GivesALongerSequenceItsOwnBatch) {
  const std::vector<int64_t> lengths = {5, 30, 5};
  EXPECT_EQ(plan_batches(lengths, 10), (Plan{{1}, {0, 2}}));
}

TEST(PlanBatches, RoundsTheNumberOfBatchesUpForRanks) {
  const std::vector<int64_t> lengths = {4, 4, 4, 4, 4, 4};
  EXPECT_EQ(plan_batches(lengths, 12, 4).size(), 4u);
  EXPECT_EQ(plan_batches(std::vector<int64_t>{3}, 12, 2), (Plan{{0}, {}}));
  EXPECT_TRUE(plan_batches({}, 12, 2).empty());
}

TEST(PlanBatches, RefusesSizesThatAreNotPositive) {
  EXPECT_THROW(plan_batches(std::vector<int64_t>{1}, 0), Error);
  EXPECT_THROW(plan_batches(std::vector<int64_t>{1}, 1, 0), Error);
}

/// Tokens that name their sequence and place, so that a misplaced value shows.
Sequence labelled(int id, int prompt, int answer) {
  rollout::Completion completion;
  std::vector<int32_t> prompt_tokens;
  for (int t = 0; t < prompt; ++t) prompt_tokens.push_back(1000 * id + t);
  for (int t = 0; t < answer; ++t) {
    completion.tokens.push_back(1000 * id + prompt + t);
    completion.logprobs.push_back(-static_cast<float>(1000 * id + prompt + t));
  }
  completion.finish = rollout::Finish::kStop;
  return make_sequence(prompt_tokens, completion, id + 0.5);
}

TEST(Pack, EveryTrainedTokenAppearsOnceWithItsOwnValues) {
  std::vector<Sequence> sequences;
  for (int id = 0; id < 9; ++id) sequences.push_back(labelled(id, 1 + id % 3, 1 + (id * 5) % 7));
  std::set<int32_t> targets;
  for (const PackedBatch& b : pack(sequences, 16)) {
    EXPECT_LE(b.num_tokens(), 16);
    EXPECT_EQ(b.offsets.back(), b.num_tokens());
    for (int64_t s = 0; s < b.num_sequences(); ++s) {
      for (int64_t t = b.offsets[s]; t < b.offsets[s + 1]; ++t) {
        EXPECT_EQ(b.positions[t], t - b.offsets[s]);
        EXPECT_EQ(b.tokens[t], 1000 * b.sequences[s] + b.positions[t]);
        if (b.mask[t] == 0) {
          EXPECT_EQ(b.advantage[t], 0.0f);
          continue;
        }
        EXPECT_EQ(b.targets[t], b.tokens[t] + 1);
        EXPECT_EQ(b.rollout_logprob[t], -static_cast<float>(b.targets[t]));
        EXPECT_EQ(b.old_logprob[t], b.rollout_logprob[t]);
        EXPECT_EQ(b.advantage[t], static_cast<float>(b.sequences[s]) + 0.5f);
        EXPECT_TRUE(targets.insert(b.targets[t]).second);
      }
      EXPECT_EQ(b.mask[b.offsets[s + 1] - 1], 0);  // the last token has no target
    }
  }
  EXPECT_EQ(static_cast<int64_t>(targets.size()), loss_scale(sequences).tokens);
  for (int id = 0; id < 9; ++id) {
    for (int t = 0; t < 1 + (id * 5) % 7; ++t)
      EXPECT_TRUE(targets.contains(1000 * id + 1 + id % 3 + t));
  }
}

TEST(Pack, DemonstrationsNeedNoLogprobsAndMayTrainSeveralSpans) {
  Sequence s;
  s.tokens = {7, 8, 9, 10, 11};
  s.trained = {0, 1, 0, 0, 1};
  const auto batches = pack(std::span(&s, 1), 100);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].mask, (std::vector<uint8_t>{1, 0, 0, 1, 0}));
  EXPECT_EQ(batches[0].targets, (std::vector<int32_t>{8, 9, 10, 11, 0}));
  EXPECT_TRUE(batches[0].old_logprob.empty());
  EXPECT_TRUE(batches[0].rollout_logprob.empty());
}

TEST(Pack, TheLearnersOwnLogprobsWinOverTheSamplers) {
  Sequence s = labelled(1, 1, 2);
  s.old_logprob = {0, -5, -6};
  const auto batch = pack(std::span(&s, 1), 100).at(0);
  EXPECT_EQ(batch.old_logprob, (std::vector<float>{-5, -6, 0}));
  EXPECT_EQ(batch.rollout_logprob, (std::vector<float>{-1001, -1002, 0}));
}

TEST(Pack, LeavesOutWhatTrainsNothingButCountsItInTheScale) {
  std::vector<Sequence> sequences = {labelled(0, 2, 2), labelled(1, 2, 3)};
  sequences[1].trained.assign(5, 0);
  EXPECT_EQ(pack(sequences, 100).at(0).sequences, (std::vector<int64_t>{0}));
  EXPECT_EQ(loss_scale(sequences).completions, 2);
  EXPECT_EQ(loss_scale(sequences).tokens, 2);
}

TEST(Pack, RefusesFieldsThatDisagree) {
  const auto refused = [](auto change) {
    std::vector<Sequence> sequences = {labelled(0, 2, 2), labelled(1, 2, 2)};
    change(sequences[1]);
    EXPECT_THROW(pack(sequences, 100), Error);
  };
  refused([](Sequence& s) { s.trained.pop_back(); });
  refused([](Sequence& s) { s.trained[0] = 1; });
  refused([](Sequence& s) { s.rollout_logprob.clear(); });
  refused([](Sequence& s) { s.old_logprob = {1, 2, 3, 4}; });
  rollout::Completion completion;
  completion.tokens = {1, 2};
  completion.logprobs = {-1.0f};
  const std::vector<int32_t> prompt = {1};
  EXPECT_THROW(make_sequence(prompt, completion, 0), Error);
  completion.tokens = {1};
  EXPECT_NO_THROW(make_sequence(prompt, completion, 0));
  EXPECT_THROW(make_sequence({}, completion, 0), Error);
  EXPECT_THROW(make_sequence(prompt, {}, 0), Error);
}

}  // namespace
}  // namespace grpo::rl
