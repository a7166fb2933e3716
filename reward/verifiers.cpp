#include "reward/verifiers.h"

#include <cctype>

#include "base/error.h"
#include "reward/code/code_verifier.h"
#include "reward/countdown.h"
#include "reward/extract.h"
#include "reward/math/math_verifier.h"

namespace grpo::reward {
namespace {

/// ASCII letters and digits in lower case, other bytes above ASCII as they are.
std::string letters_and_digits(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte)) result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

}  // namespace

std::string why_unknown(const std::string& extraction) {
  try {
    parse_extraction(extraction);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

Score TextVerifier::score(const datasets::Problem& problem, std::string_view response) const {
  Score score;
  const std::string wanted = letters_and_digits(problem.answer);
  if (wanted.empty()) {
    score.outcome = Outcome::unverifiable;
    score.rule = "no reference";
    return score;
  }
  const auto found = extract(response, parse_extraction(extraction_));
  if (!found) {
    score.rule = "no answer";
    return score;
  }
  score.extracted = found->text;
  score.rule = found->rule + "/text";
  if (letters_and_digits(found->text) == wanted) {
    score.outcome = Outcome::correct;
    score.value = 1;
  }
  return score;
}

std::unique_ptr<Verifier> make_verifier(datasets::Kind kind, const VerifierConfig& config) {
  const Extraction extraction = parse_extraction(config.extraction);  // throws on a bad one
  switch (kind) {
    case datasets::Kind::math: {
      math::MathOptions options;
      options.precision = config.precision;
      return std::make_unique<math::MathVerifier>(extraction, options);
    }
    case datasets::Kind::countdown:
      return std::make_unique<CountdownVerifier>(config.countdown_near);
    case datasets::Kind::text:
      return std::make_unique<TextVerifier>(config.extraction);
    case datasets::Kind::code:
      return std::make_unique<code::CodeVerifier>(config.code);
  }
  throw Error("verifier: an unknown kind of problem");
}

}  // namespace grpo::reward
