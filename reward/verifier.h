#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "datasets/problem.h"

namespace grpo::reward {

/// What judging came to. Only `correct` and `wrong` are verdicts about the answer; the rest say why
/// there is none, and what each of them is paid is the rubric's policy.
enum class Outcome {
  correct,
  wrong,
  unverifiable,   // the reference cannot be read, or equality could not be decided
  timeout,        // judging took longer than it may, or the program did
  truncated,      // the response was cut at the length limit
  unsupported,    // the program met tests with what cannot cross between sandboxes: not paid
  sandbox_error,  // the sandbox failed, twice: says nothing about the program
};
constexpr std::array<std::pair<Outcome, const char*>, 7> enum_names(Outcome) {
  return {{{Outcome::correct, "correct"},
           {Outcome::wrong, "wrong"},
           {Outcome::unverifiable, "unverifiable"},
           {Outcome::timeout, "timeout"},
           {Outcome::truncated, "truncated"},
           {Outcome::unsupported, "unsupported"},
           {Outcome::sandbox_error, "sandbox_error"}}};
}

/// Whether an outcome says something about the answer, so that its reward counts in means and
/// groups. `unsupported` does: a program can bring it about, and would escape being wrong.
inline bool says_something(Outcome outcome) {
  return outcome != Outcome::unverifiable && outcome != Outcome::sandbox_error;
}

struct Score {
  Outcome outcome = Outcome::wrong;
  double value = 0;       // 1 for correct, 0 else; code: the share of tests passed
  std::string extracted;  // the answer found in the response
  std::string rule;       // which rule found it, and what decided
};

/// Is this response right? Implementations are pure functions of their arguments, may be called
/// from any number of threads, and never throw on what a response holds.
class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual Score score(const datasets::Problem& problem, std::string_view response) const = 0;

  /// Makes ready what judging this problem needs of the machine, before anything is judged. Throws
  /// Error (exit code 69) with cause and remedy where it is missing.
  virtual void prepare(const datasets::Problem&) {}

  /// Why the problem's reference cannot be judged as its kind; empty when it can.
  virtual std::string why_unreadable(const datasets::Problem&) const { return ""; }
};

}  // namespace grpo::reward
