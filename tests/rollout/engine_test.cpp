#include "rollout/engine.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <numeric>

#include "base/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/tiny_model.h"

namespace grpo::rollout {
namespace {

using ::testing::HasSubstr;
using Prompts = std::vector<std::vector<int32_t>>;

constexpr int64_t kVocab = 41;

Prompts random_prompts(std::initializer_list<int64_t> lengths) {
  Random random(5);
  Prompts prompts;
  for (const int64_t n : lengths) {
    prompts.emplace_back();
    for (int64_t i = 0; i < n; ++i) {
      prompts.back().push_back(static_cast<int32_t>(random.below(kVocab)));
    }
  }
  return prompts;
}

SamplingParams params(int64_t max_tokens, double temperature = 1.0) {
  SamplingParams p;
  p.max_tokens = max_tokens;
  p.temperature = temperature;
  p.seed = 3;
  p.stop_tokens = {0};
  return p;
}

/// Bits, not values: -0 differs from 0, and a NaN would equal itself.
void expect_same(const Completion& a, const Completion& b) {
  const auto bits = [](const std::vector<float>& v) {
    std::vector<uint32_t> out;
    for (const float x : v) out.push_back(std::bit_cast<uint32_t>(x));
    return out;
  };
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(bits(a.logprobs), bits(b.logprobs));
  EXPECT_EQ(bits(a.entropies), bits(b.entropies));
  EXPECT_EQ(a.finish, b.finish);
}

void expect_same(const std::vector<Group>& a, const std::vector<Group>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].problem, b[i].problem);
    EXPECT_EQ(a[i].prompt, b[i].prompt);
    ASSERT_EQ(a[i].completions.size(), b[i].completions.size());
    for (size_t g = 0; g < a[i].completions.size(); ++g) {
      SCOPED_TRACE(fmt::format("prompt {}, answer {}", i, g));
      expect_same(a[i].completions[g], b[i].completions[g]);
    }
  }
}

/// Most probable next token by a plain forward over the whole sequence; the head's product in
/// float64.
int32_t most_probable(policy::Decoder& decoder, const std::vector<int32_t>& sequence) {
  const at::NoGradGuard no_grad;
  policy::PackedTokens input;
  input.append(sequence);
  const Tensor hidden = decoder.forward(input);
  const int64_t dim = decoder.config().hidden_dim;
  const float* last = hidden.const_data_ptr<float>() + (hidden.size(0) - 1) * dim;
  std::vector<float> head(static_cast<size_t>(kVocab * dim));
  decoder.parameter(decoder.config().tied_embeddings ? "embed" : "head")
      .read_plain(0, 0, kVocab, head.data());
  std::vector<double> logits;
  for (int64_t v = 0; v < kVocab; ++v) {
    logits.push_back(std::inner_product(last, last + dim, head.data() + v * dim, 0.0));
  }
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

class EngineTest : public ::testing::TestWithParam<std::string> {
 protected:
  EngineTest() : decoder(grpo::testing::tiny_config(GetParam())) { decoder.initialize(7, 0.3); }

  std::vector<Group> sample(const EngineConfig& config, const Prompts& prompts, int64_t group,
                            const SamplingParams& p) {
    return Engine(config, decoder, nullptr).sample(prompts, group, p);
  }

  policy::Decoder decoder;
};

TEST_P(EngineTest, GreedyAnswersArePlainForwardAndArgmax) {
  const Prompts prompts = random_prompts({1, 16, 21});
  const auto groups = sample({}, prompts, 1, params(20, 0.0));
  for (size_t i = 0; i < prompts.size(); ++i) {
    std::vector<int32_t> sequence = prompts[i], expected;
    do {
      expected.push_back(most_probable(decoder, sequence));
      sequence.push_back(expected.back());
    } while (expected.back() != 0 && expected.size() < 20);
    EXPECT_EQ(groups[i].completions[0].tokens, expected) << "prompt " << i;
  }
}

TEST_P(EngineTest, AnswersDoNotDependOnTheLimits) {
  const Prompts prompts = random_prompts({3, 40, 1, 17, 16});
  const auto expected = sample({}, prompts, 3, params(24));
  for (const int64_t running : {1, 3, 64}) {
    for (const int64_t tokens : {7, 64, 512}) {
      SCOPED_TRACE(fmt::format("max_running {}, max_batch_tokens {}", running, tokens));
      expect_same(
          sample({.max_running = running, .max_batch_tokens = tokens}, prompts, 3, params(24)),
          expected);
    }
  }
}

TEST_P(EngineTest, AnswersDoNotDependOnThePlaceOfThePrompt) {
  const Prompts prompts = random_prompts({3, 40, 1, 17});
  SamplingParams p = params(16);
  p.prompt_seeds = {10, 11, 12, 13};
  const auto expected = sample({}, prompts, 2, p);
  const std::vector<size_t> order = {2, 0, 3, 1};
  Prompts moved;
  SamplingParams q = params(16);
  for (const size_t i : order) {
    moved.push_back(prompts[i]);
    q.prompt_seeds.push_back(p.prompt_seeds[i]);
  }
  const auto groups = sample({.max_running = 3}, moved, 2, q);
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t g = 0; g < 2; ++g) {
      expect_same(groups[i].completions[g], expected[order[i]].completions[g]);
    }
  }
}

TEST_P(EngineTest, AnswersDoNotDependOnASmallCache) {
  // So many layers that a page of all of them is large, and 1 MiB of cache holds few.
  policy::ModelConfig deep_config = grpo::testing::tiny_config(GetParam());
  deep_config.num_layers = 32;
  deep_config.layers.resize(32, deep_config.layers.back());
  policy::Decoder deep(deep_config);
  deep.initialize(7, 0.3);
  const Prompts prompts = random_prompts({3, 40, 17, 30, 16, 9});
  SamplingParams p = params(20);
  p.ignore_stop = true;
  Engine roomy({}, deep, nullptr), tight({.kv_memory_mib = 1}, deep, nullptr);
  const auto expected = roomy.sample(prompts, 4, p);
  expect_same(tight.sample(prompts, 4, p), expected);
  EXPECT_EQ(roomy.stats().preempted, 0);
  EXPECT_GT(tight.stats().preempted, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EngineTest, ::testing::ValuesIn(grpo::testing::tiny_kinds()),
                         [](const auto& kind) { return kind.param; });

class EngineOfOneModel : public ::testing::Test {
 protected:
  EngineOfOneModel() : decoder(grpo::testing::tiny_config("tied")) { decoder.initialize(7, 0.3); }

  policy::Decoder decoder;
  Engine engine{{}, decoder, nullptr};
};

TEST_F(EngineOfOneModel, AnswersOfAGroupDifferAndFollowFromTheSeed) {
  const Prompts prompts = random_prompts({4});
  const auto first = engine.sample(prompts, 4, params(30));
  for (size_t g = 1; g < 4; ++g) {
    EXPECT_NE(first[0].completions[g].tokens, first[0].completions[0].tokens);
  }
  expect_same(engine.sample(prompts, 4, params(30)), first);
  SamplingParams other = params(30);
  other.seed = 4;
  EXPECT_NE(engine.sample(prompts, 4, other)[0].completions[0].tokens,
            first[0].completions[0].tokens);
  // A group of two after two answers of the same stream is the second half of the group of four.
  other = params(30);
  other.first_sequence = 2;
  expect_same(engine.sample(prompts, 2, other)[0].completions[0], first[0].completions[2]);
}

TEST_F(EngineOfOneModel, StopsAtStopTokensUnlessTold) {
  const Prompts prompts = random_prompts({4, 9});
  SamplingParams p = params(50);
  p.stop_tokens = {0, 5, 6, 7, 8};
  const auto is_stop = [&](int32_t t) {
    return std::find(p.stop_tokens.begin(), p.stop_tokens.end(), t) != p.stop_tokens.end();
  };
  int64_t stopped = 0;
  for (const Group& group : engine.sample(prompts, 8, p)) {
    for (const Completion& c : group.completions) {
      EXPECT_TRUE(std::none_of(c.tokens.begin(), c.tokens.end() - 1, is_stop));
      EXPECT_EQ(c.finish == Finish::kStop, is_stop(c.tokens.back()));
      EXPECT_TRUE(c.finish == Finish::kStop || c.tokens.size() == 50);
      EXPECT_EQ(c.logprobs.size(), c.tokens.size());
      EXPECT_EQ(c.entropies.size(), c.tokens.size());
      stopped += c.finish == Finish::kStop ? 1 : 0;
    }
  }
  EXPECT_GT(stopped, 0);
  p.ignore_stop = true;
  for (const Group& group : engine.sample(prompts, 8, p)) {
    for (const Completion& c : group.completions) EXPECT_EQ(c.tokens.size(), 50u);
  }
}

TEST_F(EngineOfOneModel, AnswersEndWithTheContext) {
  SamplingParams p = params(std::numeric_limits<int64_t>::max());  // as long as may be
  p.ignore_stop = true;
  const auto groups = engine.sample(random_prompts({127, 100}), 2, p);
  EXPECT_EQ(groups[0].completions[1].tokens.size(), 1u);
  EXPECT_EQ(groups[1].completions[1].tokens.size(), 28u);
  EXPECT_EQ(groups[1].completions[1].finish, Finish::kLength);
}

TEST_F(EngineOfOneModel, AnObserverSeesEveryTokenAndMayEndAnAnswer) {
  const Prompts prompts = random_prompts({4, 9});
  SamplingParams p = params(20);
  p.ignore_stop = true;
  std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>> seen;
  std::map<std::pair<int64_t, int64_t>, int> completed;
  Observer observer;
  observer.on_token = [&](int64_t prompt, int64_t answer, int32_t token) {
    auto& tokens = seen[{prompt, answer}];
    tokens.push_back(token);
    return !(prompt == 1 && answer == 2 && tokens.size() == 6);
  };
  observer.on_completion = [&](int64_t prompt, int64_t answer, const Completion& c) {
    ++completed[{prompt, answer}];
    EXPECT_EQ(c.tokens, (seen[{prompt, answer}]));
  };
  const auto whole = engine.sample(prompts, 3, p);
  const auto groups = engine.sample(prompts, 3, p, observer);
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t g = 0; g < 3; ++g) {
      const bool cut = i == 1 && g == 2;
      const Completion& c = groups[static_cast<size_t>(i)].completions[static_cast<size_t>(g)];
      auto expected = whole[static_cast<size_t>(i)].completions[static_cast<size_t>(g)].tokens;
      if (cut) expected.resize(6);
      EXPECT_EQ(c.tokens, expected);
      EXPECT_EQ(c.finish, cut ? Finish::kStop : Finish::kLength);
      EXPECT_EQ((completed[{i, g}]), 1);
    }
  }
}

TEST_F(EngineOfOneModel, CompletionsCarryTheVersionThatSampledThem) {
  const Prompts prompts = random_prompts({4});
  EXPECT_EQ(engine.sample(prompts, 1, params(2))[0].completions[0].policy_version, 0);
  engine.weights_changed(12);
  EXPECT_EQ(engine.sample(prompts, 1, params(2))[0].completions[0].policy_version, 12);
}

TEST_F(EngineOfOneModel, NoPromptsHaveNoAnswers) {
  EXPECT_TRUE(engine.sample({}, 2, params(2)).empty());
}

TEST_F(EngineOfOneModel, RefusesPromptsThatCannotBeAnswered) {
  const auto message = [&](const Prompts& prompts) {
    return test::error_of([&] { engine.sample(prompts, 2, params(8)); }, 1);
  };
  EXPECT_THAT(message({{1, 2}, {}}), HasSubstr("prompt 1: empty"));
  Prompts prompts = random_prompts({3, 128});
  EXPECT_THAT(message(prompts), HasSubstr("prompt 1: 128 tokens leave no room"));
  EXPECT_THAT(message({{1, 2}, {1, 41}}), HasSubstr("41"));
  // The engine is as good as new after an error.
  EXPECT_EQ(engine.sample(random_prompts({3}), 2, params(8)).size(), 1u);
}

TEST_F(EngineOfOneModel, RefusesATemperatureThatWouldOverflow) {
  for (const double bad : {-1.0, 1e-30, 1e30, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(test::error_of([&] { engine.sample(random_prompts({4}), 1, params(8, bad)); }, 2),
                HasSubstr("temperature: expected 0 (greedy) or 0.001 to 1000"));
  }
  engine.sample(random_prompts({4}), 1, params(8, kLeastTemperature));
  engine.sample(random_prompts({4}), 1, params(8, kMostTemperature));
}

TEST_F(EngineOfOneModel, RefusesAnAnswerLargerThanTheCache) {
  policy::ModelConfig large = grpo::testing::tiny_config("tied");
  large.num_layers = 80;
  large.layers.resize(80);
  policy::Decoder deep(large);
  deep.initialize(7, 0.3);
  Engine tight({.kv_memory_mib = 1}, deep, nullptr);
  EXPECT_THAT(test::error_of([&] { tight.sample(random_prompts({100}), 1, params(28)); }, 2),
              HasSubstr("engine.kv_memory_mib"));
}

TEST_F(EngineOfOneModel, NamesThePromptWhoseLogitsAreNotFinite) {
  // Only the second prompt holds token 9, whose embedding is not finite.
  policy::Decoder untied(grpo::testing::tiny_config("qk_norm"));
  untied.initialize(7, 0.3);
  const std::vector<float> nan(24, std::numeric_limits<float>::quiet_NaN());
  untied.parameter("embed").write_plain(0, 9, 10, nan.data());
  Engine broken({}, untied, nullptr);
  broken.weights_changed(4);
  EXPECT_THAT(test::error_of(
                  [&] {
                    broken.sample(Prompts{{1, 2}, {3, 9}}, 2, params(1));
                  },
                  1),
              HasSubstr("logits of prompt 1 are not finite (policy version 4): training has driven "
                        "the weights out of range; start anew from an earlier checkpoint with a "
                        "lower optimizer.learning_rate"));
}

}  // namespace
}  // namespace grpo::rollout
