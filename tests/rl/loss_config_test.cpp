#include "rl/loss_config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::rl {
namespace {

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
    EXPECT_THROW(check_config(c, "loss"), Error);
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
