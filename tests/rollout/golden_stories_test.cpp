#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "policy/ops.h"
#include "policy/policy.h"
#include "rollout/engine.h"

namespace grpo::rollout {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(GRPO_SOURCE_DIR) / "tests/golden/models/stories260k";

/// A trained model, so that its greedy text depends on every part being right: 256 tokens of
/// llama2.c's published sample, and the logits that a float64 program in Python gave.
class GoldenStories : public ::testing::Test {
 protected:
  GoldenStories()
      : decoder_(policy::load_decoder(kFolder)),
        record_(parse_json(read_file(kFolder / "greedy.json"), "greedy.json")),
        tokens_(record_["tokens"].get<std::vector<int32_t>>()) {}

  std::unique_ptr<policy::Decoder> decoder_;
  Json record_;
  std::vector<int32_t> tokens_;
};

TEST_F(GoldenStories, TheEngineWritesThePublishedText) {
  Engine engine({}, *decoder_, nullptr);
  SamplingParams greedy;
  greedy.temperature = 0;
  greedy.max_tokens = static_cast<int64_t>(tokens_.size()) - 1;
  const std::vector<std::vector<int32_t>> prompt = {{tokens_.front()}};
  const auto groups = engine.sample(prompt, 1, greedy);
  EXPECT_EQ(groups[0].completions[0].tokens,
            std::vector<int32_t>(tokens_.begin() + 1, tokens_.end()));
}

TEST_F(GoldenStories, LogProbabilitiesOfTheWholeVocabularyAreTheReferences) {
  const auto logits = record_["logits"].get<std::vector<std::vector<double>>>();
  const auto vocab = static_cast<int64_t>(logits.front().size());
  policy::PackedTokens packed;
  packed.append(std::vector<int32_t>(tokens_.begin(),
                                     tokens_.begin() + static_cast<std::ptrdiff_t>(logits.size())));
  const at::NoGradGuard no_grad;
  const Tensor hidden = decoder_->forward(packed).repeat_interleave(vocab, 0);
  std::vector<int32_t> targets;
  for (size_t t = 0; t < logits.size(); ++t) {
    for (int64_t id = 0; id < vocab; ++id) targets.push_back(static_cast<int32_t>(id));
  }
  const Tensor logprob = policy::ops::linear_logprob(hidden, decoder_->head(), targets,
                                                     decoder_->logit_scale(1.0), vocab)
                             .first;
  for (size_t t = 0; t < logits.size(); ++t) {
    double sum = 0;
    for (const double logit : logits[t]) sum += std::exp(logit);
    for (size_t id = 0; id < logits[t].size(); ++id) {
      const auto row = static_cast<int64_t>(t) * vocab + static_cast<int64_t>(id);
      const auto ours = logprob[row].item<double>();
      ASSERT_NEAR(ours, logits[t][id] - std::log(sum), 2e-5) << "position " << t << ", id " << id;
    }
  }
}

}  // namespace
}  // namespace grpo::rollout
