#include "reward/math/math_verifier.h"

#include "reward/extract_rules.h"
#include "reward/math/rational.h"

namespace grpo::reward::math {
namespace {

/// Lower-cased, without blanks, dollar signs and a final full stop.
std::string normalized(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '$') continue;
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  if (!result.empty() && result.back() == '.') result.pop_back();
  return result;
}

}  // namespace

Comparison compare(std::string_view gold, std::string_view answer, const MathOptions&) {
  const auto expected = parse_plain_number(gold), got = parse_plain_number(answer);
  if (expected && got) {
    if (expected->value == got->value) return {Equality::equal, "number"};
    // 28% is 0.28; 28 for 28% is the same-number rule above.
    const Rational hundred(100);
    if (expected->percent != got->percent &&
        (expected->percent ? expected->value == got->value * hundred
                           : expected->value * hundred == got->value)) {
      return {Equality::equal, "percent"};
    }
    return {Equality::different, "number"};
  }
  if (!trim(gold).empty() && normalized(gold) == normalized(answer)) {
    return {Equality::equal, "text"};
  }
  return {Equality::different, "text"};
}

Score MathVerifier::score(const datasets::Problem& problem, std::string_view response) const {
  Score score;
  if (trim(problem.answer).empty()) {
    score.outcome = Outcome::unverifiable;
    score.rule = "no reference";
    return score;
  }
  const auto found = extract(response, extraction_);
  if (!found) {
    score.rule = "no answer";
    return score;
  }
  score.extracted = found->text;
  const auto comparison = compare(problem.answer, found->text, options_);
  score.rule = found->rule + "/" + comparison.reason;
  if (comparison.equality == Equality::equal) {
    score.outcome = Outcome::correct;
    score.value = 1;
  } else if (comparison.equality == Equality::undecided) {
    score.outcome = Outcome::unverifiable;
  }
  return score;
}

}  // namespace grpo::reward::math
