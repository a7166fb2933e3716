#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reward/extract.h"
#include "reward/math/scalar.h"
#include "reward/verifier.h"

namespace grpo::reward::math {

/// Do a reference and a bare answer say the same? Tiers: the same text; the same plain number;
/// parsed trees (compare.h). `reason` says which decided. Undecided when the reference cannot be
/// read and the answer is not spelled like it. Never throws, and ends within options.timeout_ms
/// ("limit", undecided) whatever the texts are.
Comparison compare(std::string_view gold, std::string_view answer, const MathOptions& options = {});

/// Whether a reference can be judged by mathematics: it parses. Others are compared as text.
bool is_readable(std::string_view gold);

/// The answer within a reference: what stands in its box or formula when the reference is a text
/// around it and the extraction looks for those, else the reference.
std::string reference_answer(std::string_view gold, const Extraction& extraction);

/// Why a reference cannot be judged by mathematics: "" when it can, else "empty" or the parser's
/// message with its place.
std::string why_unreadable(std::string_view gold, const Extraction& extraction);

/// Judges a response against any of several references. Of what the extraction offers the first
/// candidate that can be read counts (the first of all where none can); of rules that look for
/// formulas (latex, expr) the references are extracted too, as Math-Verify does. Several boxes in
/// one line are one list. Unverifiable: a reference that cannot be read and is not the answer to
/// the letter, whatever the response says, or an equality that cannot be decided.
Score judge(const std::vector<std::string>& golds, std::string_view response,
            const Extraction& extraction, const MathOptions& options);

/// Finds the answer in a response and compares it with the problem's.
class MathVerifier : public Verifier {
 public:
  explicit MathVerifier(Extraction extraction = {}, MathOptions options = {})
      : extraction_(std::move(extraction)), options_(options) {}

  Score score(const datasets::Problem& problem, std::string_view response) const override;
  std::string why_unreadable(const datasets::Problem& problem) const override;

 private:
  Extraction extraction_;
  MathOptions options_;
};

}  // namespace grpo::reward::math
