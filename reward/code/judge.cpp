#include "reward/code/judge.h"

#include <algorithm>
#include <functional>
#include <mutex>

#include "base/enum_names.h"
#include "base/error.h"
#include "reward/code/cases.h"
#include "reward/code/compile.h"
#include "reward/code/compiler.h"
#include "reward/code/lru_cache.h"
#include "reward/code/worker_pool.h"

namespace grpo::reward::code {
namespace {

// A program's cases together may take this many times a case's CPU time.
constexpr double kMostCases = 10;
// What a case is charged that slept until its wall cap: a program that always sleeps would hold a
// worker ten times as long as that cap else.
constexpr double kSleptCases = 5;

/// Hash of everything that a verdict depends on besides the program. Tests come from data sets, not
/// from a policy, so nobody looks for collisions.
class Fingerprint {
 public:
  Fingerprint& add(std::string_view text) {
    mix(std::hash<std::string_view>{}(text));
    mix(text.size());
    return *this;
  }
  Fingerprint& add(const std::vector<std::string>& texts) {
    mix(texts.size());
    for (const auto& text : texts) add(text);
    return *this;
  }
  Fingerprint& add(const CodeTests& tests) {
    mix(static_cast<uint64_t>(tests.style));
    mix(static_cast<uint64_t>(tests.compare.mode));
    mix(static_cast<uint64_t>(tests.strict_types));
    mix(std::hash<double>{}(tests.compare.tolerance));
    return add(tests.inputs)
        .add(tests.outputs)
        .add(tests.asserts)
        .add(tests.function)
        .add(tests.entry_point)
        .add(tests.setup)
        .add(tests.prompt);
  }
  Fingerprint& add(const Limits& limits) {
    mix(std::hash<double>{}(limits.seconds));
    for (const int64_t limit :
         {limits.memory_mib, limits.processes, limits.output_bytes, limits.file_bytes}) {
      mix(static_cast<uint64_t>(limit));
    }
    return *this;
  }
  std::string text() const { return fmt::format("{:016x}{:016x}", one_, two_); }

 private:
  void mix(uint64_t value) {
    // Multiply-xor-shift steps of SplitMix64 with two different constants.
    one_ = (one_ ^ value) * 0xbf58476d1ce4e5b9u;
    one_ ^= one_ >> 31;
    two_ = (two_ ^ value) * 0x94d049bb133111ebu;
    two_ ^= two_ >> 29;
  }
  uint64_t one_ = 1;
  uint64_t two_ = 2;
};

bool failed(const CaseResult& result) {
  return result.status != CaseStatus::passed && result.status != CaseStatus::not_run;
}

CodeOutcome outcome_of(const std::vector<CaseResult>& cases) {
  const auto any = [&](CaseStatus status) {
    return std::any_of(cases.begin(), cases.end(),
                       [&](const CaseResult& one) { return one.status == status; });
  };
  if (any(CaseStatus::sandbox_error)) return CodeOutcome::sandbox_error;
  if (any(CaseStatus::unsupported)) return CodeOutcome::unsupported;
  const auto first = std::find_if(cases.begin(), cases.end(), failed);
  if (first != cases.end()) {
    return first->status == CaseStatus::timeout ? CodeOutcome::timeout : CodeOutcome::wrong;
  }
  return any(CaseStatus::not_run) || cases.empty() ? CodeOutcome::wrong : CodeOutcome::correct;
}

}  // namespace

size_t CodeVerdict::num_passed() const {
  return static_cast<size_t>(std::count_if(cases.begin(), cases.end(), [](const CaseResult& one) {
    return one.status == CaseStatus::passed;
  }));
}

std::optional<double> CodeVerdict::score() const {
  if (outcome == CodeOutcome::unsupported || outcome == CodeOutcome::sandbox_error) {
    return std::nullopt;
  }
  if (cases.empty()) return 0;
  return static_cast<double>(num_passed()) / static_cast<double>(cases.size());
}

class CodeJudge::Impl {
 public:
  explicit Impl(const CodeJudgeOptions& options)
      : options_(options),
        pool_(options.sandbox),
        plans_(std::max<size_t>(options.cache_entries, 1)),
        verdicts_(options.cache_entries) {}

  CodeVerdict judge(const CodeTests& tests, std::string_view program, const Limits& limits,
                    Language language) {
    const bool script = tests.style == CodeTests::Style::standard_input;
    check_input(language == Language::python || script,
                "language: cpp is judged by tests of kind stdin only");
    const std::string key =
        Fingerprint().add(tests).add(limits).add(name_of(language)).text() + std::string(program);
    if (auto known = verdicts_.find(key)) return *known;
    CodeVerdict verdict;
    verdict.cases = language == Language::cpp ? judge_compiled(tests, program, limits)
                    : script                  ? judge_scripts(tests, {program}, limits)
                                              : judge_calls(tests, program, limits);
    verdict.outcome = outcome_of(verdict.cases);
    if (verdict.outcome != CodeOutcome::sandbox_error) verdicts_.insert(key, verdict);
    return verdict;
  }

  void need(Language language) {
    if (language == Language::python) return;
    const std::lock_guard lock(mutex_);
    if (compilers_) return;
    if (level() != Level::full) {
      throw Error(
          "language cpp: the compiler writes files, which only the sandbox level full allows", 69);
    }
    const Compiler compiler = find_compiler(options_.sandbox.compiler);
    Interpreter shown = pool_.interpreter();
    shown.trees.insert(shown.trees.end(), compiler.trees.begin(), compiler.trees.end());
    shown.files.insert(shown.files.end(), compiler.files.begin(), compiler.files.end());
    compiler_ = compiler.executable;
    compilers_ = std::make_unique<WorkerPool>(options_.sandbox, std::move(shown));
  }

  Level level() const { return pool_.level(); }

 private:
  /// Has `work` done on a worker; once more on another one if the sandbox fails. The message of the
  /// second failure, or nothing.
  static std::optional<std::string> attempt(WorkerPool& pool,
                                            const std::function<void(Worker&)>& work) {
    for (int tries = 2;; --tries) {
      try {
        auto lease = pool.lease();
        try {
          work(*lease);
          return std::nullopt;
        } catch (const Error&) {
          (*lease).give_up();
          throw;
        }
      } catch (const Error& error) {
        if (tries == 1) return error.what();
      }
    }
  }

  /// What all cases of one program may take together.
  class Budget {
   public:
    explicit Budget(const Limits& limits) : left_(limits.seconds * kMostCases) {}
    void spend(const CaseResult& result, const Limits& limits) {
      const bool slept = result.status == CaseStatus::timeout && result.seconds < limits.seconds;
      left_ -= slept ? kSleptCases * limits.seconds : result.seconds;
    }
    bool spent() const { return left_ <= 0; }

   private:
    double left_;
  };

  std::vector<CaseResult> judge_compiled(const CodeTests& tests, std::string_view program,
                                         const Limits& limits) {
    need(Language::cpp);
    Compiled compiled;
    const auto failure = attempt(
        *compilers_, [&](Worker& worker) { compiled = compile_cpp(worker, compiler_, program); });
    if (failure) compiled.failure = {CaseStatus::sandbox_error, 0, *failure};
    if (compiled.failure.status != CaseStatus::passed) {
      return std::vector(tests.inputs.size(), compiled.failure);
    }
    return judge_scripts(tests, {{}, compiled.executable.get()}, limits);
  }

  std::vector<CaseResult> judge_scripts(const CodeTests& tests, const ScriptProgram& program,
                                        const Limits& limits) {
    std::vector<CaseResult> cases(tests.inputs.size());
    Budget budget(limits);
    for (size_t i = 0; i < cases.size() && !budget.spent(); ++i) {
      const auto failure = attempt(pool_, [&](Worker& worker) {
        cases[i] = run_script_case(worker, tests, i, program, limits);
      });
      if (failure) cases[i] = {CaseStatus::sandbox_error, 0, *failure};
      budget.spend(cases[i], limits);
      if (options_.stop_at_first_failure && failed(cases[i])) break;
    }
    return cases;
  }

  std::vector<CaseResult> judge_calls(const CodeTests& tests, std::string_view program,
                                      const Limits& limits) {
    const bool assertion = tests.style == CodeTests::Style::assertion;
    std::vector<CaseResult> cases(assertion ? tests.asserts.size() : 1);
    std::shared_ptr<const Plan> plan;
    if (const auto failure =
            attempt(pool_, [&](Worker& worker) { plan = plan_of(worker, tests); })) {
      for (auto& one : cases) one = {CaseStatus::sandbox_error, 0, *failure};
      return cases;
    }
    cases.resize(plan->size());
    Budget budget(limits);
    while (!budget.spent()) {
      const auto before = cases;
      std::vector<CaseResult> after;
      const auto failure = attempt(pool_, [&](Worker& worker) {
        after = before;
        run_calls(worker, tests, *plan, program, limits, options_.stop_at_first_failure, after);
        run_examination(worker, tests, *plan, program, limits, after);
      });
      if (failure) {
        for (auto& one : cases) {
          if (one.status == CaseStatus::not_run) one = {CaseStatus::sandbox_error, 0, *failure};
        }
        return cases;
      }
      size_t news = 0;
      for (size_t i = 0; i < cases.size(); ++i) {
        if (before[i].status == after[i].status) continue;
        budget.spend(after[i], limits);
        ++news;
      }
      cases = std::move(after);
      const bool stop =
          options_.stop_at_first_failure && std::any_of(cases.begin(), cases.end(), failed);
      if (news == 0 || stop) break;
    }
    return cases;
  }

  std::shared_ptr<const Plan> plan_of(Worker& worker, const CodeTests& tests) {
    const std::string key = Fingerprint().add(tests).text();
    if (auto known = plans_.find(key)) return *known;
    auto plan = std::make_shared<const Plan>(make_plan(worker, tests));
    plans_.insert(key, plan);
    return plan;
  }

  CodeJudgeOptions options_;
  WorkerPool pool_;
  std::mutex mutex_;  // guards what makes C++ ready, until it is
  std::unique_ptr<WorkerPool> compilers_;
  std::string compiler_;
  LruCache<std::shared_ptr<const Plan>> plans_;
  LruCache<CodeVerdict> verdicts_;
};

CodeJudge::CodeJudge(const CodeJudgeOptions& options) : impl_(std::make_unique<Impl>(options)) {}
CodeJudge::~CodeJudge() = default;

CodeVerdict CodeJudge::judge(const CodeTests& tests, std::string_view program, const Limits& limits,
                             Language language) {
  return impl_->judge(tests, program, limits, language);
}

void CodeJudge::need(Language language) { impl_->need(language); }

Level CodeJudge::level() const { return impl_->level(); }

}  // namespace grpo::reward::code
