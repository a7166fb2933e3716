#include "reward/math/child.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kEnough{30'000};  // for a busy machine

std::string forever() {
  for (volatile bool on = true; on;) {
  }
  return "";
}

size_t open_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

TEST(Child, AnswersWithWhatTheWorkReturned) {
  EXPECT_EQ(run_in_child(kEnough, [] { return std::string("7/3"); }), "7/3");
  EXPECT_EQ(run_in_child(kEnough, [] { return std::string(10'000, 'x'); })->size(), kMaxChildText);
}

TEST(Child, IsKilledAtItsDeadlineAndLeavesNothingBehind) {
  const size_t before = open_descriptors();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(run_in_child(milliseconds(20), forever), std::nullopt);
  // It would have run for ever; the bound leaves room for a busy machine.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Child, DiesAloneOfAbortsExceptionsAndMemory) {
  EXPECT_EQ(run_in_child(kEnough, []() -> std::string { std::abort(); }), std::nullopt);
  EXPECT_EQ(run_in_child(kEnough, []() -> std::string { throw std::runtime_error("no"); }),
            std::nullopt);
  EXPECT_EQ(run_in_child(kEnough,
                         [] {
                           std::vector<std::vector<char>> all;
                           while (all.size() < 64) all.emplace_back(100'000'000, 'x');
                           return std::string("had 6 GB");
                         }),
            std::nullopt);
}

TEST(Child, ManyThreadsHaveOneEach) {
  std::vector<std::thread> threads;
  std::vector<std::string> answers(8);
  for (size_t t = 0; t < answers.size(); ++t) {
    threads.emplace_back([t, &answers] {
      for (int i = 0; i < 5; ++i) {
        answers[t] += run_in_child(kEnough, [&] { return std::to_string(t); }).value_or("?");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (size_t t = 0; t < answers.size(); ++t) {
    EXPECT_EQ(answers[t], std::string(5, static_cast<char>('0' + t)));
  }
}

TEST(Child, LargeNumbersAreWorkedWithThereOnly) {
  const auto spend = [](slong bits) {
    return [bits](Budget& budget) {
      budget.spend(bits);
      return std::to_string(getpid());
    };
  };
  const std::string here = std::to_string(getpid());
  EXPECT_EQ(within_deadline(kEnough, spend(Budget::kMaxBitsHere)), here);
  const auto there = within_deadline(kEnough, spend(Budget::kMaxBitsHere + 1));
  ASSERT_TRUE(there);
  EXPECT_NE(*there, here);
  // 9,031 digits: equal by computation, in a child.
  EXPECT_EQ(compare("2^{30000}", "4^{15000}").reason, "exact");
  EXPECT_EQ(compare("2^{30000}", "4^{15000}+1").equality, Equality::different);
}

TEST(Child, WorkThatTakesLongMovesThere) {
  const auto start = std::chrono::steady_clock::now();
  const auto where = within_deadline(kEnough, [&](Budget& budget) {
    while (std::chrono::steady_clock::now() - start < 3 * kMillisecondsHere) budget.step();
    return std::to_string(getpid());
  });
  ASSERT_TRUE(where);
  EXPECT_NE(*where, std::to_string(getpid()));
  EXPECT_EQ(within_deadline(milliseconds(40),
                            [](Budget& budget) -> std::string {
                              for (;;) budget.look();
                            }),
            std::nullopt);
}

}  // namespace
}  // namespace grpo::reward::math
