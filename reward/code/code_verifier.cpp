#include "reward/code/code_verifier.h"

#include <algorithm>

#include "base/enum_names.h"
#include "base/error.h"
#include "reward/code/program_text.h"

namespace grpo::reward::code {
namespace {

CodeJudgeOptions judge_options(const CodeConfig& config) {
  const auto level = find_named<Level>(config.sandbox);
  check_input(level && level != Level::none,
              "verifier.code.sandbox: expected full or landlock, got {}: no run executes programs "
              "without a sandbox",
              config.sandbox);
  CodeJudgeOptions options;
  options.sandbox.level = *level;
  options.sandbox.max_workers = static_cast<size_t>(config.workers);
  options.sandbox.python = config.python;
  options.stop_at_first_failure = !config.partial;
  return options;
}

Outcome outcome_of(CodeOutcome outcome) {
  switch (outcome) {
    case CodeOutcome::correct:
      return Outcome::correct;
    case CodeOutcome::wrong:
      return Outcome::wrong;
    case CodeOutcome::timeout:
      return Outcome::timeout;
    case CodeOutcome::unsupported:
      return Outcome::unsupported;
    case CodeOutcome::sandbox_error:
      return Outcome::sandbox_error;
  }
  throw Error("code: a verdict without outcome");
}

/// "tests", or the first case that did not pass: "test 2 of 3: wrong_output: printed 7".
std::string reason(const CodeVerdict& verdict) {
  const auto& cases = verdict.cases;
  const auto ran = [](const CaseResult& one) {
    return one.status != CaseStatus::passed && one.status != CaseStatus::not_run;
  };
  const auto first = std::find_if(cases.begin(), cases.end(), ran);
  if (first == cases.end()) return "tests";
  return fmt::format("test {} of {}: {}: {}", first - cases.begin() + 1, cases.size(),
                     name_of(first->status), first->message);
}

}  // namespace

CodeVerifier::CodeVerifier(const CodeConfig& config)
    : config_(config), judge_(std::make_unique<CodeJudge>(judge_options(config))) {}

CodeVerdict CodeVerifier::judge(const datasets::Problem& problem, std::string_view program) const {
  Limits limits;
  limits.seconds = config_.seconds;
  limits.memory_mib = config_.memory_mib;
  if (!problem.limits.is_null()) limits = limits_from_json(problem.limits, limits, problem.id);
  return judge_->judge(problem.tests, program, limits, problem.language);
}

Score CodeVerifier::score(const datasets::Problem& problem, std::string_view response) const {
  Score score;
  auto program = last_fenced_block(response);
  if (!program) {
    score.rule = "no fenced block";
    return score;
  }
  const CodeVerdict verdict = judge(problem, *program);
  score.outcome = outcome_of(verdict.outcome);
  score.extracted = *std::move(program);
  score.rule = "fence/" + reason(verdict);
  if (score.outcome == Outcome::correct) {
    score.value = 1;
  } else if (config_.partial && score.outcome == Outcome::wrong) {
    score.value = verdict.score().value_or(0);
  }
  return score;
}

std::string CodeVerifier::why_unreadable(const datasets::Problem& problem) const {
  if (problem.solution.empty()) return "";
  const CodeVerdict verdict = judge(problem, problem.solution);
  if (verdict.outcome == CodeOutcome::correct) return "";
  return fmt::format("its own solution is judged {}: {}", name_of(verdict.outcome),
                     reason(verdict));
}

}  // namespace grpo::reward::code
