#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "reward/code/judge.h"
#include "tests/reward/try_judge.h"
#include "tests/support/leftovers.h"

namespace grpo::reward::code {
namespace {

struct Case {
  CodeTests tests;
  std::string program;
  CodeOutcome expected;
};

/// Every style of tests, a right and a wrong program of each.
std::vector<Case> cases() {
  CodeTests script;
  script.inputs = {"3\n", "5\n"};
  script.outputs = {"6\n", "10\n"};
  CodeTests calls;
  calls.style = CodeTests::Style::assertion;
  calls.asserts = {"assert f(3) == 6", "assert f(5) == 10"};
  CodeTests beside = calls;
  beside.asserts = {"assert f(3) + 0 == 6", "assert [f(x) for x in (5, 6)] == [10, 12]"};
  const std::string reads = "print({} * int(input()))", answers = "def f(x): return {} * x";
  std::vector<Case> all;
  for (const int factor : {2, 3}) {
    const auto expected = factor == 2 ? CodeOutcome::correct : CodeOutcome::wrong;
    all.push_back({script, fmt::format(fmt::runtime(reads), factor), expected});
    all.push_back({calls, fmt::format(fmt::runtime(answers), factor), expected});
    all.push_back({beside, fmt::format(fmt::runtime(answers), factor), expected});
  }
  return all;
}

/// Waits for it, a minute at most.
bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 6000 && !holds(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return holds();
}

TEST(Leftovers, AnUnreadableFileIsEmpty) {
  // Nothing lies at address 0: the read fails, as that of a process that has just ended.
  EXPECT_EQ(test::internal::contents("/proc/self/mem"), "");
  EXPECT_NE(test::internal::contents("/proc/self/stat"), "");
}

TEST(SlowKilledWorkers, EveryVerdictIsRightOrASandboxError) {
  constexpr int kRuns = 2000, kThreads = 2;
  CodeJudgeOptions options;
  options.sandbox.level = Level::full;
  options.sandbox.max_workers = kThreads;
  options.cache_entries = 0;
  const auto before = test::leftovers();
  std::atomic<int> judged = 0, errors = 0, kills = 0;
  {
    std::string cause;
    const auto judge = try_judge(options, cause);
    if (!judge) GTEST_SKIP() << cause;
    const auto all = cases();
    std::atomic<int> next = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i; (i = next++) < kRuns;) {
          const Case& one = all[static_cast<size_t>(i) % all.size()];
          const auto verdict = judge->judge(one.tests, one.program, {});
          const bool error = verdict.outcome == CodeOutcome::sandbox_error;
          EXPECT_TRUE(error || verdict.outcome == one.expected)
              << i << ": " << name_of(verdict.outcome) << " " << verdict.cases[0].message;
          errors += error ? 1 : 0;
          ++judged;
        }
      });
    }
    std::mt19937 chance(1);
    while (judged < kRuns) {
      // Starting a worker takes a tenth of a second: some are hit while they start, some in a run,
      // some between two.
      std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 150));
      const auto workers = test::children();
      if (workers.empty()) continue;
      kills += kill(workers[chance() % workers.size()], SIGKILL) == 0 ? 1 : 0;
    }
    for (auto& thread : threads) thread.join();
    // A dead worker is noticed when it is given a program, twice in a run at most.
    const Case& last = all[0];
    auto outcome = CodeOutcome::sandbox_error;
    for (int i = 0; i <= kThreads && outcome == CodeOutcome::sandbox_error; ++i) {
      outcome = judge->judge(last.tests, last.program, {}).outcome;
    }
    EXPECT_EQ(outcome, last.expected);
  }
  EXPECT_GT(kills, 20);
  RecordProperty("kills", kills.load());
  RecordProperty("sandbox_errors", errors.load());
  fmt::print("{} runs, {} workers killed, {} sandbox errors\n", kRuns, kills.load(), errors.load());
  const auto after = test::leftovers();
  EXPECT_EQ(after, before) << test::describe(after);
}

TEST(SlowKilledWorkers, ARunningProgramEndsWithItsWorker) {
  CodeJudgeOptions options;
  options.sandbox.level = Level::full;
  options.sandbox.max_workers = 1;
  std::string cause;
  const auto judge = try_judge(options, cause);
  if (!judge) GTEST_SKIP() << cause;
  CodeTests tests;
  tests.inputs = {""};
  tests.outputs = {"1"};
  CodeOutcome outcome{};
  std::jthread judging(
      [&] { outcome = judge->judge(tests, "import time\ntime.sleep(1000)", {}).outcome; });
  for (int tries = 0; tries < 2; ++tries) {
    ASSERT_TRUE(eventually([] { return test::descendants().size() == 2; }))
        << "a worker and its program expected";
    const pid_t worker = test::children().at(0);
    kill(worker, SIGKILL);
    ASSERT_TRUE(eventually([&] { return !test::descendants().contains(worker); }));
  }
  judging.join();
  EXPECT_EQ(outcome, CodeOutcome::sandbox_error);
  EXPECT_EQ(test::descendants().size(), test::children().size());
}

}  // namespace
}  // namespace grpo::reward::code
