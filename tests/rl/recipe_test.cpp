#include "rl/recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace grpo::rl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const char* const kModel = "model: {path: m}\n";
const char* const kData = "data:\n  - generator: {family: arithmetic}\n";

template <class Recipe>
std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return test::error_of([&] { parse_config<Recipe>(text, "r.yaml", overrides); }, 2);
}
/// Of a recipe for grpo train, on whose fourth line `text` stands.
std::string refused(const std::string& text) {
  return refusal<TrainRecipe>(std::string(kModel) + kData + text);
}

TEST(Recipe, NeedsAModelAndData) {
  EXPECT_EQ(refusal<TrainRecipe>(kData), "r.yaml:1:1: model: required key \"path\" is missing");
  EXPECT_EQ(refusal<TrainRecipe>(kModel), "r.yaml:1:1: required key \"data\" is missing");
  EXPECT_EQ(refusal<SftRecipe>(kModel), "r.yaml:1:1: required key \"data\" is missing");
  EXPECT_EQ(refusal<EvalRecipe>("seed: 1"), "r.yaml:1:1: model: required key \"path\" is missing");
  EXPECT_EQ(refusal<EvalRecipe>(kModel), "r.yaml:1:1: eval.data: no questions to answer");
  parse_config<TrainRecipe>(std::string(kModel) + kData, "r.yaml");
  parse_config<SftRecipe>(std::string(kModel) + kData, "r.yaml");
}

TEST(Recipe, GeneratorsAreCheckedBeforeTheyAreMade) {
  const auto generator = [](const std::string& keys) {
    return refusal<TrainRecipe>(std::string(kModel) + "data: [{generator: {" + keys + "}}]");
  };
  EXPECT_EQ(generator("operations: -1"),
            "r.yaml:2:33: data.0.generator.operations: expected from 1 to 16, got -1");
  EXPECT_EQ(generator("operators: \"%\""),
            "r.yaml:2:32: data.0.generator.operators: expected some of + - * /, got \"%\"");
  EXPECT_EQ(
      generator("held_out: 1"),
      "r.yaml:2:31: data.0.generator.held_out: expected below 1: training needs problems too");
  EXPECT_THAT(generator("operators: \"+\", operations: 16, max_value: 3"),
              StartsWith("r.yaml:2:20: data.0.generator: arithmetic with these parameters"));
}

TEST(Recipe, ASourceIsAGeneratorOrAFile) {
  const auto source = [](const std::string& keys) {
    return refusal<TrainRecipe>(std::string(kModel) + "data:\n  - {" + keys + "}");
  };
  const std::string one = "r.yaml:3:5: data.0: exactly one of generator and path is needed";
  EXPECT_EQ(source("path: a.jsonl, generator: {}"), one);
  EXPECT_EQ(source("count: 3"), one);
  EXPECT_THAT(source("generator: {}, format: math"), StartsWith("r.yaml:3:29: data.0.format: "));
  EXPECT_THAT(source("path: a.jsonl, split: held_out"), StartsWith("r.yaml:3:28: data.0.split: "));
  EXPECT_THAT(source("generator: {held_out: 0}, split: held_out"),
              HasSubstr("data.0.split: generator.held_out is 0"));
  EXPECT_THAT(refused("eval: {every: 1, data: [{path: a, split: train}]}"),
              StartsWith("r.yaml:4:42: eval.data.0.split: "));
  EXPECT_EQ(
      refusal<SftRecipe>(std::string(kModel) + "data: [{path: a, format: gsm8k}]"),
      "r.yaml:2:26: data.0.format: is for questions: files of demonstrations have a layout of "
      "their own");
}

TEST(Recipe, RewardsAreCheckedBeforeTheyArePaid) {
  EXPECT_EQ(refused("reward: {language: xx}"),
            "r.yaml:4:20: reward.language: unknown value xx; known here: en, zh");
  EXPECT_THAT(refused("reward: {verifier: {extraction: boxd}}"),
              StartsWith("r.yaml:4:33: reward.verifier.extraction: unknown rule 'boxd'"));
  EXPECT_EQ(refused("reward: {verifier: {precision: -1}}"),
            "r.yaml:4:32: reward.verifier.precision: expected at least 0, got -1");
  EXPECT_EQ(refused("reward: {overlong: 1, overlong_buffer: 9, overlong_max_length: 8}"),
            "r.yaml:4:40: reward.overlong_buffer: expected at most overlong_max_length = 8, got 9");
  EXPECT_EQ(refused("reward: {repetition_ngram: 0}"),
            "r.yaml:4:28: reward.repetition_ngram: expected at least 1, got 0");
}

TEST(Recipe, PromptsHoldTheQuestion) {
  EXPECT_EQ(refused("prompt: {text: \"Solve it.\"}"),
            "r.yaml:4:16: prompt.text: has no {question}");
  EXPECT_THAT(refused("prompt: {chat: false, system: Think.}"),
              StartsWith("r.yaml:4:31: prompt.system: needs chat: true"));
}

TEST(Recipe, SettingsThatContradictEachOtherAreRefused) {
  EXPECT_EQ(refused("update: {minibatches: 65}"),
            "r.yaml:4:23: update.minibatches: 65 for only 64 answers per step");
  EXPECT_EQ(refused("select: {refill_rounds: 2, drop_uniform: false}"),
            "r.yaml:4:25: select.refill_rounds: needs select.drop_uniform");
  EXPECT_EQ(refused("eval: {every: 2}"),
            "r.yaml:4:7: eval.data: `every` asks for questions to answer");
  EXPECT_THAT(refused("eval: {stop_at: 0.5}"), StartsWith("r.yaml:4:17: eval.stop_at: without"));
  EXPECT_THAT(refused("eval: {samples: 4}"),
              StartsWith("r.yaml:4:7: eval.temperature: 4 greedy answers"));
  EXPECT_THAT(refused("eval: {temperature: 0.00001}"),
              StartsWith("r.yaml:4:21: eval.temperature: "));
  EXPECT_THAT(refused("loss: {correction: {kind: token_mask}}"),
              StartsWith("r.yaml:4:20: loss.correction.cap: needed"));
  const std::string sft = std::string(kModel) + kData + "update: {epochs: 2}";
  EXPECT_THAT(refusal<SftRecipe>(sft), StartsWith("r.yaml:4:9: update: minibatches and epochs"));
  EXPECT_THAT(refusal<EvalRecipe>(std::string(kModel) + "eval: {every: 1, " + "data: [{path: a}]}"),
              StartsWith("r.yaml:2:15: eval.every: is for training"));
}

}  // namespace
}  // namespace grpo::rl
