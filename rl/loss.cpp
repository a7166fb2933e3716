#include "rl/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "base/error.h"
#include "rl/kl.h"

namespace grpo::rl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The trained tokens alone. Undefined where the input is.
struct Trained {
  Tensor logprob, old_logprob, advantage, rollout_logprob, ref_logprob, entropy;  // [trained]
  Tensor sequence;  // [trained] int64, which sequence a token is of
  Tensor count;     // [sequences] trained tokens, at least 1
  int64_t num_sequences = 0;

  int64_t size() const { return logprob.size(0); }

  /// [trained] -> [trained]: the sum over the token's sequence.
  Tensor sequence_sum(const Tensor& x) const {
    const auto sums = at::zeros({num_sequences}, x.options()).index_add(0, sequence, x);
    return sums.index_select(0, sequence);
  }
  Tensor sequence_mean(const Tensor& x) const {
    return sequence_sum(x) / count.index_select(0, sequence);
  }
};

Trained trained_tokens(const LossInputs& in) {
  check(in.logprob.defined() && in.logprob.dim() == 1, "loss: logprob: expected [tokens]");
  const int64_t tokens = in.logprob.size(0);
  check(in.mask.defined() && in.mask.dim() == 1 && in.mask.size(0) == tokens,
        "loss: mask: expected [{}]", tokens);
  check(in.offsets.defined() && in.offsets.dim() == 1 && in.offsets.size(0) >= 1,
        "loss: offsets: expected [sequences + 1]");
  const auto offsets = in.offsets.to(at::kCPU, at::kLong);
  const auto lengths = offsets.diff();  // [sequences]
  check(offsets[0].item<int64_t>() == 0 && offsets[-1].item<int64_t>() == tokens &&
            (lengths >= 0).all().item<bool>(),
        "loss: offsets: expected to rise from 0 to {}", tokens);

  const auto mask = in.mask.to(at::kCPU).to(at::kBool);
  const auto index = mask.nonzero().squeeze(1);  // [trained]
  const auto take = [&](const Tensor& x, const char* name) {
    if (!x.defined()) return Tensor();
    check(x.dim() == 1 && x.size(0) == tokens, "loss: {}: expected [{}]", name, tokens);
    return x.to(at::kCPU, at::kDouble).index_select(0, index);
  };
  const auto constant = [&](const Tensor& x, const char* name) {
    return take(x.defined() ? x.detach() : x, name);
  };
  check(in.old_logprob.defined(), "loss: old_logprob is missing");
  check(in.advantage.defined(), "loss: advantage is missing");
  Trained t;
  t.logprob = take(in.logprob, "logprob");
  t.old_logprob = constant(in.old_logprob, "old_logprob");
  t.advantage = constant(in.advantage, "advantage");
  t.rollout_logprob = constant(in.rollout_logprob, "rollout_logprob");
  t.ref_logprob = constant(in.ref_logprob, "ref_logprob");
  t.entropy = take(in.entropy, "entropy");
  t.num_sequences = lengths.size(0);
  t.sequence = at::repeat_interleave(lengths).index_select(0, index);
  t.count = at::bincount(t.sequence, {}, t.num_sequences).to(at::kDouble).clamp_min(1);
  check(t.advantage.isfinite().all().item<bool>(), "loss: an advantage is not finite");
  return t;
}

Tensor importance_ratio(const Trained& t, Ratio kind) {
  const auto log_ratio = t.logprob - t.old_logprob;  // [trained]
  if (kind == Ratio::kToken) return log_ratio.clamp(-kMaxLogRatio, kMaxLogRatio).exp();
  const auto mean = t.sequence_mean(log_ratio.detach()).clamp(-kMaxLogRatio, kMaxLogRatio);
  return mean.exp() * (t.logprob - t.logprob.detach()).exp();
}

Tensor clamp_ratio(const Tensor& ratio, const ClipConfig& clip) {
  return ratio.clamp(clip.low ? 1.0 - *clip.low : -kInfinity, 1.0 + clip.high);
}

Tensor policy_term(const Trained& t, const Tensor& ratio, const ClipConfig& clip) {
  const auto& a = t.advantage;
  switch (clip.kind) {
    case Clip::kPpo: {
      const auto loss = -at::minimum(ratio * a, clamp_ratio(ratio, clip) * a);
      if (!clip.dual) return loss;
      return at::where(a < 0, at::minimum(loss, -*clip.dual * a), loss);
    }
    case Clip::kCispo:
      return -clamp_ratio(ratio, clip).detach() * a * t.logprob;
    case Clip::kSapo: {
      const auto tau = at::where(a > 0, at::full_like(a, clip.tau_positive), clip.tau_negative);
      return -a * (4.0 / tau) * (tau * (ratio - 1.0)).sigmoid();
    }
    case Clip::kNone:
      return -ratio * a;
  }
  throw Error("loss: unknown clip kind");
}

/// c_t, without gradient.
Tensor correction_factor(const Trained& t, const CorrectionConfig& correction) {
  auto factor = at::ones_like(t.advantage);  // [trained]
  if (correction.kind != Correction::kNone) {
    const auto log_w = t.old_logprob - t.rollout_logprob;  // [trained]
    const double cap = *correction.cap;
    const double floor = correction.floor.value_or(0.0);
    const auto inside = [&](const Tensor& w) { return (w <= cap).logical_and(w >= floor); };
    switch (correction.kind) {
      case Correction::kTokenTruncate:
        factor = log_w.exp().clamp_max(cap);
        break;
      case Correction::kSequenceTruncate:
        factor = t.sequence_sum(log_w).exp().clamp_max(cap);
        break;
      case Correction::kTokenMask:
      case Correction::kSequenceMask: {
        const bool token = correction.kind == Correction::kTokenMask;
        const auto w = (token ? log_w : t.sequence_sum(log_w)).exp();
        factor = at::where(inside(w), w, 0.0);
        break;
      }
      case Correction::kGeometricMask:
        factor = inside(t.sequence_mean(log_w).exp()).to(at::kDouble);
        break;
      case Correction::kNone:
        break;
    }
  }
  if (correction.stale_gap) {
    const auto gap = t.sequence_mean(t.rollout_logprob - t.logprob.detach());  // [trained]
    const auto stale = (t.advantage < 0).logical_and(gap > *correction.stale_gap);
    factor = factor.masked_fill(stale, 0.0);
  }
  return factor;
}

/// a_i, at each token.
Tensor token_weight(const Trained& t, const LossScale& scale, const LossConfig& config) {
  const auto tokens = static_cast<double>(scale.tokens);
  const auto completions = static_cast<double>(scale.completions);
  switch (config.aggregate) {
    case Aggregate::kTokenMean:
      return at::full_like(t.advantage, 1.0 / tokens);
    case Aggregate::kSequenceMean:
      return 1.0 / (completions * t.count.index_select(0, t.sequence));
    case Aggregate::kConstant:
      return at::full_like(t.advantage,
                           1.0 / (completions * static_cast<double>(config.constant_length)));
  }
  throw Error("loss: unknown aggregate");
}

int64_t count(const Tensor& condition) { return condition.sum().item<int64_t>(); }
double total(const Tensor& x) { return x.detach().sum().item<double>(); }

void measure_ratio(const Trained& t, const Tensor& ratio, const ClipConfig& clip, LossMetrics& m) {
  const auto r = ratio.detach();
  m.old_minus_new = total(t.old_logprob - t.logprob);
  m.ratio = total(r);
  m.ratio_max = r.max().item<double>();
  if (clip.kind != Clip::kPpo && clip.kind != Clip::kCispo) return;
  auto high = r > 1.0 + clip.high;
  auto low = clip.low ? r < 1.0 - *clip.low : at::zeros_like(high);
  if (clip.kind == Clip::kPpo) {  // min() takes the clipped branch only on this side
    high = high.logical_and(t.advantage > 0);
    low = low.logical_and(t.advantage < 0);
  }
  m.clipped_high = count(high);
  m.clipped_low = count(low);
  if (clip.dual) m.clipped_dual = count((r > *clip.dual).logical_and(t.advantage < 0));
}

void measure_mismatch(const Trained& t, const Tensor& factor, LossMetrics& m) {
  const auto gap = (t.old_logprob - t.rollout_logprob).abs();  // [trained]
  m.mismatch_tokens = t.size();
  m.mismatch_abs = total(gap);
  m.mismatch_abs_max = gap.max().item<double>();
  m.mismatch_exp = total(gap.exp());
  m.correction_dropped = count(factor == 0);
}

void check_inputs(const Trained& t, const LossScale& scale, const LossConfig& config) {
  check(t.rollout_logprob.defined() || !needs_rollout(config),
        "loss: rollout_logprob is missing: loss.correction needs it");
  check(t.ref_logprob.defined() || !needs_reference(config),
        "loss: ref_logprob is missing: loss.kl.weight is above 0");
  check(t.entropy.defined() || config.entropy_weight == 0,
        "loss: entropy is missing: loss.entropy_weight is above 0");
  check(scale.tokens >= t.size() && scale.tokens > 0,
        "loss: the step has {} trained tokens, this batch {}", scale.tokens, t.size());
  check(scale.completions > 0, "loss: the step has no completions");
}

/// The rules between settings alone, not each field's range: this runs for every micro-batch.
constexpr auto kRefuse = []<class... Args>(bool holds, std::string_view key,
                                           fmt::format_string<Args...> what, Args&&... args) {
  if (!holds) {
    throw Error(fmt::format("loss.{}: {}", key, fmt::format(what, std::forward<Args>(args)...)), 2);
  }
};

}  // namespace

LossResult policy_loss(const LossInputs& inputs, const LossScale& scale, const LossConfig& config) {
  rules(kRefuse, config);
  const Trained t = trained_tokens(inputs);
  check_inputs(t, scale, config);
  LossResult result;
  LossMetrics& m = result.metrics;
  m.tokens = t.size();

  const auto ratio = importance_ratio(t, config.ratio);         // [trained]
  const auto factor = correction_factor(t, config.correction);  // [trained]
  const auto weight = token_weight(t, scale, config);           // [trained]
  result.loss = (weight * factor * policy_term(t, ratio, config.clip)).sum();
  m.pg_loss = total(result.loss);
  if (t.ref_logprob.defined()) {
    auto kl = kl_estimate(t.logprob, t.ref_logprob, config.kl.estimator);  // [trained]
    if (config.kl.unbiased) kl = kl * importance_ratio(t, Ratio::kToken);
    const auto kl_loss = (weight * kl).sum();
    m.has_kl = true;
    m.kl_loss = total(kl_loss);
    if (config.kl.weight > 0) result.loss = result.loss + config.kl.weight * kl_loss;
  }
  if (t.entropy.defined()) {
    m.has_entropy = true;
    m.entropy = total(t.entropy);
    if (config.entropy_weight > 0) {
      result.loss = result.loss - config.entropy_weight * (weight * t.entropy).sum();
    }
  }
  if (t.size() > 0) {
    measure_ratio(t, ratio, config.clip, m);
    if (t.rollout_logprob.defined()) measure_mismatch(t, factor, m);
  }
  return result;
}

}  // namespace grpo::rl
