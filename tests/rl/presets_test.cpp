#include "rl/presets.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::rl {
namespace {

TEST(Presets, AreAllConsistent) {
  for (const auto& [algorithm, name] : enum_names(Algorithm{})) {
    const auto s = preset(algorithm, 256);
    EXPECT_NO_THROW(validate(s.loss)) << name;
    EXPECT_EQ(s.loss.constant_length, 256) << name;
  }
}

TEST(Presets, DapoIsTheDefault) {
  const auto s = preset(Algorithm::kDapo, LossConfig{}.constant_length);
  EXPECT_EQ(print_config(s.loss), print_config(LossConfig{}));
  EXPECT_EQ(print_config(s.advantage), print_config(AdvantageConfig{}));
}

TEST(Presets, DifferFromTheDefaultInThePapersKeysOnly) {
  LossConfig defaults;
  defaults.constant_length = 8;
  EXPECT_EQ(differing_keys(defaults, preset(Algorithm::kR1, 8).loss),
            (std::vector<std::string>{"clip.high", "aggregate", "kl.weight"}));
  EXPECT_EQ(differing_keys(defaults, preset(Algorithm::kGspo, 8).loss),
            (std::vector<std::string>{"ratio", "clip.low", "clip.high", "aggregate"}));
  EXPECT_EQ(differing_keys(AdvantageConfig{}, preset(Algorithm::kDrGrpo, 8).advantage),
            (std::vector<std::string>{"scale"}));
}

TEST(LossConfig, ReadsTheRecipesKeys) {
  const auto c = parse_config<LossConfig>(
      "ratio: sequence\nclip: {kind: cispo, low: null, high: 4}\naggregate: constant\n"
      "constant_length: 512\nkl: {weight: 0.01, estimator: k2}\n"
      "correction: {kind: sequence_mask, cap: 3}\n",
      "loss.yaml");
  EXPECT_EQ(c.ratio, Ratio::kSequence);
  EXPECT_EQ(c.clip.kind, Clip::kCispo);
  EXPECT_FALSE(c.clip.low.has_value());
  EXPECT_EQ(c.kl.estimator, KlEstimator::kK2);
  EXPECT_EQ(c.correction.cap, 3.0);
  EXPECT_THROW(parse_config<LossConfig>("clip: {low: -0.1}", "loss.yaml"), Error);
}

TEST(LossConfig, RefusesSettingsThatContradictEachOther) {
  const auto refused = [](auto change) {
    LossConfig c;
    change(c);
    EXPECT_THROW(validate(c), Error);
  };
  refused([](LossConfig& c) {
    c.ratio = Ratio::kSequence;
    c.correction = {.kind = Correction::kTokenMask, .cap = 2.0};
  });
  refused([](LossConfig& c) { c.correction.kind = Correction::kSequenceMask; });
  refused([](LossConfig& c) {
    c.correction = {.kind = Correction::kTokenTruncate, .cap = 2.0, .floor = 0.5};
  });
  refused([](LossConfig& c) {
    c.correction = {.kind = Correction::kTokenMask, .cap = 2.0, .floor = 3.0};
  });
  refused([](LossConfig& c) {
    c.clip.kind = Clip::kCispo;
    c.clip.dual = 3.0;
  });
}

}  // namespace
}  // namespace grpo::rl
