#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "reward/code/code_config.h"
#include "reward/verifier.h"

namespace grpo::reward {

/// How answers are found and compared; one verifier per kind of problem is made from it.
struct VerifierConfig {
  std::string extraction;
  double countdown_near = 0;
  int64_t precision = 6;
  code::CodeConfig code;
};

template <class Visitor>
void fields(Visitor& v, VerifierConfig& c) {
  v("extraction", c.extraction,
    "where the answer stands (reward/extract.h); empty: <answer>, box, ####, \"answer is\", "
    "number");
  v("countdown_near", c.countdown_near,
    "countdown: paid for an <answer> that fails (TinyZero: 0.1)");
  v("precision", c.precision, "decimals to which inexact numbers are compared", at_least(0));
  v("code", c.code, "how programs are judged");
}

/// What is wrong with VerifierConfig::extraction; empty when nothing is.
std::string why_unknown(const std::string& extraction);

template <class Rules>
void rules(const Rules& r, const VerifierConfig& c) {
  const std::string why = why_unknown(c.extraction);
  r(why.empty(), "extraction", "{}", why);
}

/// Compares letters and digits only, case aside: for answers that are words.
class TextVerifier : public Verifier {
 public:
  explicit TextVerifier(std::string extraction) : extraction_(std::move(extraction)) {}
  Score score(const datasets::Problem& problem, std::string_view response) const override;

 private:
  std::string extraction_;
};

/// Throws Error (exit code 2) for a bad extraction. Kind::code starts a sandbox, and throws Error
/// (exit code 69) with cause and remedy where the machine cannot give it.
std::unique_ptr<Verifier> make_verifier(datasets::Kind kind, const VerifierConfig& config);

}  // namespace grpo::reward
