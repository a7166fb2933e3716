#include "rl/loss_config.h"

#include "base/error.h"

namespace grpo::rl {

void validate(const LossConfig& config, const char* prefix) {
  const CorrectionConfig& correction = config.correction;
  const bool per_token =
      correction.kind == Correction::kTokenTruncate || correction.kind == Correction::kTokenMask;
  const bool masks = correction.kind == Correction::kTokenMask ||
                     correction.kind == Correction::kSequenceMask ||
                     correction.kind == Correction::kGeometricMask;
  check_input(
      config.ratio == Ratio::kToken || !per_token,
      "{}.correction.kind: a token-level correction with a sequence ratio: the two published "
      "forms of the sequence ratio give different gradients then; use a sequence correction",
      prefix);
  check_input(correction.kind == Correction::kNone || correction.cap.has_value(),
              "{}.correction.cap: needed by this correction, got null", prefix);
  check_input(!correction.floor || masks,
              "{}.correction.floor: only the `_mask` corrections have a lower bound", prefix);
  check_input(!correction.floor || *correction.floor <= *correction.cap,
              "{}.correction.floor: is above cap", prefix);
  check_input(!config.clip.dual || config.clip.kind == Clip::kPpo,
              "{}.clip.dual: only with clip.kind ppo; set it to null", prefix);
}

}  // namespace grpo::rl
