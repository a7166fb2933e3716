#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <bit>

#include "rl/pack.h"
#include "rl/update.h"
#include "rollout/engine.h"
#include "tests/support/tiny_model.h"

namespace grpo::rl {
namespace {

/// "Exactly on-policy": the log-probability that sampled a token is, bit for bit, the one that the
/// learner computes before its update.
class OnPolicyTest : public ::testing::TestWithParam<std::string> {};

TEST_P(OnPolicyTest, TheEnginesLogProbabilitiesAreTheLearners) {
  policy::Decoder decoder(testing::tiny_config(GetParam()));
  decoder.initialize(7, 0.3);
  const std::vector<std::vector<int32_t>> prompts = {
      {3, 1, 4}, {1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6}, {2}};
  rollout::SamplingParams params;
  params.max_tokens = 40;
  params.temperature = 0.7;
  params.stop_tokens = {0};
  rollout::Engine engine({.max_running = 5, .max_batch_tokens = 16}, decoder, nullptr);
  std::vector<Sequence> sequences;
  for (const auto& group : engine.sample(prompts, 4, params)) {
    for (const auto& completion : group.completions) {
      sequences.push_back(make_sequence(group.prompt, completion, 0));
    }
  }
  for (const int64_t max_tokens : {16, 100, 4096}) {
    int64_t compared = 0;
    for (const PackedBatch& batch : pack(sequences, max_tokens)) {
      const TrainedTokens trained = forward_trained(decoder, batch, 0.7, engine.vocab());
      const float* logprob = trained.logprob.const_data_ptr<float>();
      for (size_t i = 0; i < trained.rows.size(); ++i, ++compared) {
        const float sampled = batch.rollout_logprob[static_cast<size_t>(trained.rows[i])];
        ASSERT_EQ(std::bit_cast<uint32_t>(logprob[i]), std::bit_cast<uint32_t>(sampled))
            << logprob[i] << " and " << sampled;
      }
    }
    EXPECT_EQ(compared, loss_scale(sequences).tokens);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, OnPolicyTest, ::testing::ValuesIn(testing::tiny_kinds()),
                         [](const auto& kind) { return kind.param; });

}  // namespace
}  // namespace grpo::rl
