#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reward/code/sandbox.h"
#include "reward/code/tests.h"

namespace grpo::reward::code {

enum class CaseStatus {
  passed,
  wrong_output,
  exception,
  timeout,
  memory,
  output_limit,
  killed,         // by a signal
  not_run,        // an earlier case made it pointless
  unsupported,    // the test needs what cannot cross between two sandboxes
  sandbox_error,  // the sandbox itself failed, twice: says nothing about the program
};
constexpr std::array<std::pair<CaseStatus, const char*>, 10> enum_names(CaseStatus) {
  return {{{CaseStatus::passed, "passed"},
           {CaseStatus::wrong_output, "wrong_output"},
           {CaseStatus::exception, "exception"},
           {CaseStatus::timeout, "timeout"},
           {CaseStatus::memory, "memory"},
           {CaseStatus::output_limit, "output_limit"},
           {CaseStatus::killed, "killed"},
           {CaseStatus::not_run, "not_run"},
           {CaseStatus::unsupported, "unsupported"},
           {CaseStatus::sandbox_error, "sandbox_error"}}};
}

struct CaseResult {
  CaseStatus status = CaseStatus::not_run;
  double seconds = 0;   // CPU time of the program
  std::string message;  // the program's own last words, for people: never part of the verdict
};

enum class CodeOutcome { correct, wrong, timeout, unsupported, sandbox_error };
constexpr std::array<std::pair<CodeOutcome, const char*>, 5> enum_names(CodeOutcome) {
  return {{{CodeOutcome::correct, "correct"},
           {CodeOutcome::wrong, "wrong"},
           {CodeOutcome::timeout, "timeout"},
           {CodeOutcome::unsupported, "unsupported"},
           {CodeOutcome::sandbox_error, "sandbox_error"}}};
}

struct CodeVerdict {
  /// correct: all cases passed. Else the first of sandbox_error and unsupported that any case has,
  /// else timeout if the first failed case ran out of time, else wrong.
  CodeOutcome outcome = CodeOutcome::wrong;
  std::vector<CaseResult> cases;

  size_t num_passed() const;
  /// The share of cases passed; nothing when unsupported or for a sandbox error.
  std::optional<double> score() const;
};

struct CodeJudgeOptions {
  SandboxOptions sandbox;
  bool stop_at_first_failure = false;  // later cases are `not_run`
  size_t cache_entries = 4096;         // verdicts remembered; 0: none
};

/// Runs programs on tests inside the sandbox and decides outside of it. Any number of threads may
/// call `judge`; each call uses one worker of the sandbox at a time.
class CodeJudge {
 public:
  /// Throws Error (exit code 69) with cause and remedy if this machine cannot give the level asked
  /// for, or has no Python.
  explicit CodeJudge(const CodeJudgeOptions& options);
  ~CodeJudge();

  /// Makes ready what programs of this language need: for C++ a compiler in a jail of its own.
  /// Throws Error (exit code 69) where this machine has no g++, or the level is not `full`.
  void need(Language language);

  /// C++ is judged on standard input only; else throws Error (exit code 2).
  CodeVerdict judge(const CodeTests& tests, std::string_view program, const Limits& limits,
                    Language language = Language::python);

  /// What keeps programs in: `full`, `landlock` or `none`.
  Level level() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace grpo::reward::code
