#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
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

/// At a level of the sandbox.
class KilledWorkers : public ::testing::TestWithParam<Level> {};
class SlowKilledWorkers : public KilledWorkers {};

TEST_P(KilledWorkers, ADeadWorkerIsReplacedBeforeItGetsAProgram) {
  constexpr size_t kWorkers = 3;  // a program is tried on two of them
  CodeJudgeOptions options;
  options.sandbox.level = GetParam();
  options.sandbox.max_workers = kWorkers;
  options.cache_entries = 0;
  std::string cause;
  const auto judge = try_judge(options, cause);
  if (!judge) GTEST_SKIP() << cause;
  const Case one = cases()[0];
  {
    const std::string slow = "import time\ntime.sleep(0.5)\n" + one.program;
    std::vector<std::jthread> threads;
    for (size_t t = 0; t < kWorkers; ++t) {
      threads.emplace_back([&] { judge->judge(one.tests, slow, {}); });
    }
  }
  const auto workers = test::children();
  ASSERT_EQ(workers.size(), kWorkers);
  for (const pid_t worker : workers) kill(worker, SIGKILL);
  ASSERT_TRUE(eventually([] { return test::leftovers().zombies.size() == kWorkers; }));
  const auto verdict = judge->judge(one.tests, one.program, {});
  EXPECT_EQ(verdict.outcome, one.expected) << verdict.cases[0].message;
  EXPECT_EQ(test::children().size(), 1u) << "the dead ones are gone, a new one is there";
}

TEST_P(SlowKilledWorkers, EveryVerdictIsRightOrASandboxError) {
  constexpr int kRuns = 2000, kThreads = 2;
  CodeJudgeOptions options;
  options.sandbox.level = GetParam();
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
    const auto within_ms = [&](unsigned most) {
      std::this_thread::sleep_for(std::chrono::microseconds(chance() % (1000 * most)));
    };
    const auto kill_one = [&] {
      const auto workers = test::children();
      if (workers.empty()) return;
      kills += kill(workers[chance() % workers.size()], SIGKILL) == 0 ? 1 : 0;
    };
    while (judged < kRuns) {
      // After ten programs or so, in a run or between two; sometimes while the next worker starts.
      const int until = std::min(judged + static_cast<int>(chance() % 20), kRuns);
      while (judged < until) within_ms(2);
      within_ms(10);
      kill_one();
      if (chance() % 4 != 0) continue;
      within_ms(100);
      kill_one();
    }
    for (auto& thread : threads) thread.join();
    const auto verdict = judge->judge(all[0].tests, all[0].program, {});
    EXPECT_EQ(verdict.outcome, all[0].expected) << verdict.cases[0].message;
  }
  EXPECT_GT(kills, 100);
  EXPECT_LE(2 * errors, kills) << "a program is tried twice, and dead workers get none";
  RecordProperty("kills", kills.load());
  RecordProperty("sandbox_errors", errors.load());
  fmt::print("{} runs, {} workers killed, {} sandbox errors\n", kRuns, kills.load(), errors.load());
  const auto after = test::leftovers();
  EXPECT_EQ(after, before) << test::describe(after);
}

TEST_P(SlowKilledWorkers, ARunningProgramEndsWithItsWorker) {
  CodeJudgeOptions options;
  options.sandbox.level = GetParam();
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
    const auto both = test::descendants();
    kill(test::children().at(0), SIGKILL);
    // An orphan would be another's child now.
    for (const auto& [pid, name] : both) {
      ASSERT_TRUE(eventually([&] { return !test::internal::processes().contains(pid); })) << name;
    }
  }
  judging.join();
  EXPECT_EQ(outcome, CodeOutcome::sandbox_error);
  EXPECT_EQ(test::descendants().size(), test::children().size());
}

const auto kLevels = ::testing::Values(Level::full, Level::landlock);
const auto kLevelName = [](const auto& level) { return name_of(level.param); };
INSTANTIATE_TEST_SUITE_P(All, KilledWorkers, kLevels, kLevelName);
INSTANTIATE_TEST_SUITE_P(All, SlowKilledWorkers, kLevels, kLevelName);

}  // namespace
}  // namespace grpo::reward::code
