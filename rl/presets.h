#pragma once

#include <array>
#include <utility>

#include "rl/advantage_config.h"
#include "rl/loss_config.h"

namespace grpo::rl {

/// Published methods as settings of one loss; a recipe names one and overrides keys.
enum class Algorithm { kGrpo, kDrGrpo, kDapo, kGspo, kCispo, kRloo, kReinforcePp, kSapo, kR1 };
constexpr std::array<std::pair<Algorithm, const char*>, 9> enum_names(Algorithm) {
  return {{{Algorithm::kGrpo, "grpo"},
           {Algorithm::kDrGrpo, "dr_grpo"},
           {Algorithm::kDapo, "dapo"},
           {Algorithm::kGspo, "gspo"},
           {Algorithm::kCispo, "cispo"},
           {Algorithm::kRloo, "rloo"},
           {Algorithm::kReinforcePp, "reinforce_pp"},
           {Algorithm::kSapo, "sapo"},
           {Algorithm::kR1, "r1"}}};
}

/// What a preset sets: every key of both structs.
struct AlgorithmSettings {
  AdvantageConfig advantage;
  LossConfig loss;
};

/// The settings of the method's paper. `max_response` is the answer's token limit, which is
/// the constant length of Dr. GRPO and RLOO. Where a paper leaves a key open, the default stays.
///   grpo          mean over answers of the mean over tokens, 0.2/0.2, k3 0.04   2402.03300
///   dr_grpo       no deviation, constant length, 0.2/0.2, no KL                 2503.20783
///   dapo          token mean, 0.2/0.28, no KL                                   2503.14476
///   gspo          answer's ratio, 3e-4/4e-4, no KL                              2507.18071
///   cispo         upper cap 5 (ScaleRL), whole-batch deviation, token mean      2506.13585,
///   2510.13786 rloo          leave-one-out, no deviation, unclipped, constant length 2402.14740
///   reinforce_pp  batch mean and deviation, 0.2/0.2, token mean                 2501.03262
///   sapo          smooth gate 1.0/1.05, answers' means                          2511.20347
///   r1            grpo with KL weight 0.001                                     2501.12948 v2
AlgorithmSettings preset(Algorithm algorithm, int64_t max_response);

}  // namespace grpo::rl
