#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reward/verifier.h"

namespace grpo::reward {

/// Countdown as in TinyZero: the answer is an expression of digits, + - * / ( ) and blanks that
/// uses every given number exactly once and equals the target, in exact rational arithmetic. A
/// right side "= target" may follow. Correct: 1. An expression that fails: `near_value` (TinyZero
/// pays 0.1 for an attempt), outcome wrong. No <answer>: 0.
class CountdownVerifier : public Verifier {
 public:
  explicit CountdownVerifier(double near_value = 0) : near_value_(near_value) {}

  Score score(const datasets::Problem& problem, std::string_view response) const override;

 private:
  double near_value_;
};

}  // namespace grpo::reward
