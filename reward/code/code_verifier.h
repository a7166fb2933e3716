#pragma once

#include <memory>
#include <string>

#include "reward/code/code_config.h"
#include "reward/code/judge.h"
#include "reward/verifier.h"

namespace grpo::reward::code {

/// Runs the last fenced block of a response on the problem's tests, in a sandbox.
///
/// value: 1 when all tests pass, else 0; with `partial` the share that passed, unless the program
/// ran out of time. No closed fenced block: wrong. A verdict `timeout` is the program's own;
/// `unsupported` and `sandbox_error` are never paid.
class CodeVerifier : public Verifier {
 public:
  /// Starts a sandbox. Throws Error (exit code 69) with cause and remedy if the machine cannot give
  /// the level asked for, or has no Python.
  explicit CodeVerifier(const CodeConfig& config);

  /// A compiler for C++.
  void prepare(const datasets::Problem& problem) override { judge_->need(problem.language); }
  Score score(const datasets::Problem& problem, std::string_view response) const override;
  /// Judges the problem's own solution, if it has one.
  std::string why_unreadable(const datasets::Problem& problem) const override;

 private:
  CodeVerdict judge(const datasets::Problem& problem, std::string_view program) const;

  CodeConfig config_;
  std::unique_ptr<CodeJudge> judge_;
};

}  // namespace grpo::reward::code
