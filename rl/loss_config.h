#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/config.h"

/// Settings of the policy loss, Torch-free for recipes. The formulas stand in rl/loss.h, rl/kl.h.
namespace grpo::rl {

enum class Ratio { kToken, kSequence };
constexpr std::array<std::pair<Ratio, const char*>, 2> enum_names(Ratio) {
  return {{{Ratio::kToken, "token"}, {Ratio::kSequence, "sequence"}}};
}

enum class Clip { kPpo, kCispo, kSapo, kNone };
constexpr std::array<std::pair<Clip, const char*>, 4> enum_names(Clip) {
  return {
      {{Clip::kPpo, "ppo"}, {Clip::kCispo, "cispo"}, {Clip::kSapo, "sapo"}, {Clip::kNone, "none"}}};
}

enum class Aggregate { kTokenMean, kSequenceMean, kConstant };
constexpr std::array<std::pair<Aggregate, const char*>, 3> enum_names(Aggregate) {
  return {{{Aggregate::kTokenMean, "token_mean"},
           {Aggregate::kSequenceMean, "sequence_mean"},
           {Aggregate::kConstant, "constant"}}};
}

enum class KlEstimator { kK1, kK2, kK3 };
constexpr std::array<std::pair<KlEstimator, const char*>, 3> enum_names(KlEstimator) {
  return {{{KlEstimator::kK1, "k1"}, {KlEstimator::kK2, "k2"}, {KlEstimator::kK3, "k3"}}};
}

enum class Correction {
  kNone,
  kTokenTruncate,
  kTokenMask,
  kSequenceTruncate,
  kSequenceMask,
  kGeometricMask
};
constexpr std::array<std::pair<Correction, const char*>, 6> enum_names(Correction) {
  return {{{Correction::kNone, "none"},
           {Correction::kTokenTruncate, "token_truncate"},
           {Correction::kTokenMask, "token_mask"},
           {Correction::kSequenceTruncate, "sequence_truncate"},
           {Correction::kSequenceMask, "sequence_mask"},
           {Correction::kGeometricMask, "geometric_mask"}}};
}

struct ClipConfig {
  Clip kind = Clip::kPpo;
  std::optional<double> low = 0.2;
  double high = 0.28;
  std::optional<double> dual = {};
  double tau_positive = 1.0;
  double tau_negative = 1.05;
};

struct KlConfig {
  double weight = 0.0;
  KlEstimator estimator = KlEstimator::kK3;
  bool unbiased = false;
};

struct CorrectionConfig {
  Correction kind = Correction::kNone;
  std::optional<double> cap = {};
  std::optional<double> floor = {};
  std::optional<double> stale_gap = {};
};

struct LossConfig {
  Ratio ratio = Ratio::kToken;
  ClipConfig clip;
  Aggregate aggregate = Aggregate::kTokenMean;
  int64_t constant_length = 1024;
  KlConfig kl;
  CorrectionConfig correction;
  double entropy_weight = 0.0;
};

template <class Visitor>
void fields(Visitor& v, ClipConfig& c) {
  v("kind", c.kind,
    "`ppo` min(rho A, clip(rho) A); `cispo` clips the weight, never the gradient; `sapo` a smooth "
    "gate; `none` rho A");
  v("low", c.low, "the ratio is not rewarded below 1 - low; null: no lower bound", at_least(0));
  v("high", c.high, "nor above 1 + high (DAPO: 0.28, GRPO: 0.2)", at_least(0));
  v("dual", c.dual, "`ppo`: for A < 0 the loss is at most -dual A (null: off)", at_least(1));
  v("tau_positive", c.tau_positive, "`sapo`: steepness of the gate where A > 0", more_than(0));
  v("tau_negative", c.tau_negative, "`sapo`: where A <= 0", more_than(0));
}

template <class Visitor>
void fields(Visitor& v, KlConfig& c) {
  v("weight", c.weight, "of the KL to the reference in the loss; 0: no reference is loaded",
    at_least(0));
  v("estimator", c.estimator, "k1 = d, k2 = d^2 / 2, k3 = exp(-d) + d - 1, d = logprob - ref");
  v("unbiased", c.unbiased, "multiply the estimate by the token's ratio (DeepSeek-V3.2)");
}

template <class Visitor>
void fields(Visitor& v, CorrectionConfig& c) {
  v("kind", c.kind,
    "use of w = exp(old_logprob - rollout_logprob): `_truncate` multiplies by min(w, cap), `_mask` "
    "by w, or 0 above cap; `geometric_mask` drops answers by the geometric mean of w");
  v("cap", c.cap, "upper bound of w", more_than(0));
  v("floor", c.floor, "`_mask` kinds: also 0 below floor (IcePop); null: no lower bound",
    at_least(0));
  v("stale_gap", c.stale_gap,
    "drop an answer with A < 0 whose mean rollout_logprob - logprob is above this (DeepSeek-V3.2); "
    "null: off",
    at_least(0));
}

template <class Visitor>
void fields(Visitor& v, LossConfig& c) {
  v("ratio", c.ratio, "importance ratio per token (GRPO) or of the whole answer (GSPO)");
  v("clip", c.clip, "bounds on the ratio");
  v("aggregate", c.aggregate,
    "`token_mean` over the step's trained tokens (DAPO); `sequence_mean` over answers of the mean "
    "over tokens (GRPO); `constant` sum / (answers x constant_length) (Dr. GRPO)");
  v("constant_length", c.constant_length, "`constant`: tokens per answer to divide by",
    at_least(1));
  v("kl", c.kl, "penalty for leaving the reference policy");
  v("correction", c.correction, "for the gap between the sampler's log-probabilities and ours");
  v("entropy_weight", c.entropy_weight, "bonus: loss - weight x entropy", at_least(0));
}

template <class Rules>
void rules(const Rules& r, const LossConfig& c) {
  const CorrectionConfig& correction = c.correction;
  const Correction kind = correction.kind;
  const bool per_token = kind == Correction::kTokenTruncate || kind == Correction::kTokenMask;
  const bool masks = kind == Correction::kTokenMask || kind == Correction::kSequenceMask ||
                     kind == Correction::kGeometricMask;
  r(c.ratio == Ratio::kToken || !per_token, "correction.kind",
    "a token-level correction with a sequence ratio: the two published forms of the sequence ratio "
    "give different gradients then; use a sequence correction");
  r(kind == Correction::kNone || correction.cap.has_value(), "correction.cap",
    "needed by this correction, got null");
  r(!correction.floor || masks, "correction.floor",
    "only the `_mask` corrections have a lower bound");
  r(!correction.floor || *correction.floor <= *correction.cap, "correction.floor", "is above cap");
  r(!c.clip.dual || c.clip.kind == Clip::kPpo, "clip.dual",
    "only with clip.kind ppo; set it to null");
}

/// What the learner must supply beyond logprob and old_logprob.
inline bool needs_reference(const LossConfig& c) { return c.kl.weight > 0; }
inline bool needs_rollout(const LossConfig& c) {
  return c.correction.kind != Correction::kNone || c.correction.stale_gap.has_value();
}

}  // namespace grpo::rl
