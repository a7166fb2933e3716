#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace grpo::reward {

/// Soft overlong punishment: 0 up to max_length - buffer, then linear down to -1 at max_length, -1
/// beyond. Source: DAPO, arXiv 2503.14476, equation 13. Throws Error unless 0 < buffer <=
/// max_length.
double soft_overlong(int64_t length, int64_t max_length, int64_t buffer);

/// Cosine-scaled reward of open-r1 and TRL. p = min(1, length / max_length), c = cos(pi p);
/// correct: min_correct + (max_correct - min_correct) (1 + c) / 2, so that short is best;
/// wrong: max_wrong + (min_wrong - max_wrong) (1 + c) / 2, so that longer is punished less.
struct CosineRange {
  double min_wrong = -1;
  double max_wrong = -0.5;
  double min_correct = 0.5;
  double max_correct = 1;
};
double cosine_length(bool correct, int64_t length, int64_t max_length, const CosineRange& range);

/// Length reward of Kimi k1.5 (arXiv 2501.12599, section 2.3.3) over one group:
/// lambda = 0.5 - (length - min) / (max - min); correct: lambda; wrong: min(0, lambda).
/// All lengths equal: 0 for everyone. Spans of equal size.
std::vector<double> group_length(std::span<const int64_t> lengths, std::span<const bool> correct);

/// max_penalty * (1 - unique n-grams / all n-grams); 0 when the sequence is shorter than n.
/// Over token ids (TRL) or over lower-cased words (open-r1). max_penalty <= 0 and n >= 1, or Error.
double repetition_penalty(std::span<const int64_t> tokens, int64_t n, double max_penalty);
double repetition_penalty(std::string_view text, int64_t n, double max_penalty);

/// Share of the letters before </think> (or of the whole text without it) that belong to the script
/// of `language` ("en": Latin, "zh": Han; formulas and code are mostly common script and do not
/// count against it). 1 when there is no letter. Error (exit code 2) on another language.
double language_consistency(std::string_view response, std::string_view language);

}  // namespace grpo::reward
