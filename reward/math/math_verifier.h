#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reward/extract.h"
#include "reward/verifier.h"

namespace grpo::reward::math {

/// Equality is three-valued: what cannot be decided is never paid as correct.
enum class Equality { equal, different, undecided };

/// How strictly answers are compared.
struct MathOptions {
  int64_t precision = 6;                // decimals that inexact numbers are rounded to
  std::optional<double> tolerance;      // absolute error allowed
  std::optional<double> tolerance_rel;  // relative error allowed
};

/// Do a reference and a bare answer say the same? `reason` says which tier decided.
struct Comparison {
  Equality equality = Equality::different;
  std::string reason;
};
Comparison compare(std::string_view gold, std::string_view answer, const MathOptions& options = {});

/// Finds the answer in a response and compares it with the problem's.
class MathVerifier : public Verifier {
 public:
  explicit MathVerifier(Extraction extraction = {}, MathOptions options = {})
      : extraction_(std::move(extraction)), options_(options) {}

  Score score(const datasets::Problem& problem, std::string_view response) const override;

 private:
  Extraction extraction_;
  MathOptions options_;
};

}  // namespace grpo::reward::math
