#include "rl/presets.h"

#include "base/error.h"

namespace grpo::rl {
namespace {

AlgorithmSettings grpo_with_kl(double weight) {
  AlgorithmSettings s;
  s.loss.clip.high = 0.2;
  s.loss.aggregate = Aggregate::kSequenceMean;
  s.loss.kl.weight = weight;
  return s;
}

}  // namespace

AlgorithmSettings preset(Algorithm algorithm, int64_t max_response) {
  check_input(max_response > 0, "algorithm: the answers' token limit must be positive, got {}",
              max_response);
  AlgorithmSettings s;
  switch (algorithm) {
    case Algorithm::kGrpo:
      s = grpo_with_kl(0.04);
      break;
    case Algorithm::kR1:
      s = grpo_with_kl(0.001);
      break;
    case Algorithm::kDapo:
      break;
    case Algorithm::kDrGrpo:
      s.advantage.scale = AdvantageScale::kNone;
      s.loss.clip.high = 0.2;
      s.loss.aggregate = Aggregate::kConstant;
      break;
    case Algorithm::kGspo:
      s.loss.ratio = Ratio::kSequence;
      s.loss.clip.low = 3e-4;
      s.loss.clip.high = 4e-4;
      s.loss.aggregate = Aggregate::kSequenceMean;
      break;
    case Algorithm::kCispo:
      s.advantage.scale = AdvantageScale::kBatchStd;
      s.loss.clip.kind = Clip::kCispo;
      s.loss.clip.low.reset();
      s.loss.clip.high = 4.0;  // the cap itself is 1 + high
      break;
    case Algorithm::kRloo:
      s.advantage = {.baseline = Baseline::kLeaveOneOut, .scale = AdvantageScale::kNone};
      s.loss.clip.kind = Clip::kNone;
      s.loss.aggregate = Aggregate::kConstant;
      break;
    case Algorithm::kReinforcePp:
      s.advantage = {.baseline = Baseline::kBatchMean, .scale = AdvantageScale::kBatchStd};
      s.loss.clip.high = 0.2;
      break;
    case Algorithm::kSapo:
      s.loss.clip.kind = Clip::kSapo;
      s.loss.aggregate = Aggregate::kSequenceMean;
      break;
  }
  s.loss.constant_length = max_response;
  return s;
}

}  // namespace grpo::rl
