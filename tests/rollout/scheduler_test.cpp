#include "rollout/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "kernels/attention.h"

namespace grpo::rollout {
namespace {

using kernels::kPageSize;

struct Work {
  int64_t num_pages, max_running, max_batch_tokens;
  int64_t prompts = 5, group = 3;
};

/// A cache whose "keys" are the tokens themselves: what a step would attend to can be read back.
class Simulation {
 public:
  explicit Simulation(const Work& work)
      : work_(work),
        cells_(static_cast<size_t>(work.num_pages * kPageSize), -1),
        pool_(work.num_pages),
        scheduler_({work.max_running, work.max_batch_tokens}, pool_,
                   [this](int32_t from, int32_t to) {
                     std::copy_n(cells_.begin() + from * kPageSize, kPageSize,
                                 cells_.begin() + to * kPageSize);
                   }) {
    for (int64_t p = 0; p < work.prompts; ++p) {
      auto sequence = std::make_unique<Sequence>();
      sequence->prompt = p;
      sequence->prompt_length = 1 + 13 * p;
      for (int64_t i = 0; i < sequence->prompt_length; ++i) {
        sequence->tokens.push_back(static_cast<int32_t>(1000 * p + i));
      }
      scheduler_.add_last(std::move(sequence));
    }
  }

  /// Runs until nothing is left; answers are `length(prompt, answer)` tokens long.
  void run() {
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 5000) << "no end";
      const auto work = scheduler_.next();
      if (work.empty()) break;
      step(work);
      if (::testing::Test::HasFatalFailure()) return;
    }
    EXPECT_EQ(pool_.num_free(), pool_.num_pages());
    EXPECT_EQ(done_.size(), static_cast<size_t>(work_.prompts * work_.group));
  }

  int64_t num_preempted() const { return scheduler_.num_preempted(); }
  const std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>>& done() const { return done_; }

 private:
  static int64_t length(int64_t prompt, int64_t answer) {
    return 1 + (7 * prompt + 11 * answer) % 40;
  }

  void step(const std::vector<Scheduled>& work) {
    int64_t tokens = 0;
    ASSERT_LE(static_cast<int64_t>(work.size()), work_.max_running);
    for (const auto& [sequence, count] : work) {
      tokens += count;
      for (int64_t i = sequence->cached; i < sequence->cached + count; ++i) {
        const int32_t page = sequence->pages.at(static_cast<size_t>(i / kPageSize));
        ASSERT_FALSE(pool_.is_shared(page)) << "writes to a page that others read";
        cell(page, i) = sequence->tokens[static_cast<size_t>(i)];
      }
    }
    ASSERT_LE(tokens, work_.max_batch_tokens);
    // Read after all writes: no sequence may have written over another's.
    for (const auto& [sequence, count] : work) {
      for (int64_t i = 0; i < sequence->cached + count; ++i) {
        ASSERT_EQ(cell(sequence->pages.at(static_cast<size_t>(i / kPageSize)), i),
                  sequence->tokens[static_cast<size_t>(i)]);
      }
    }
    std::vector<std::unique_ptr<Sequence>> forked;
    std::vector<Sequence*> drawn;
    std::vector<const Sequence*> prompts_done;
    for (const auto& [sequence, count] : work) {
      sequence->cached += count;
      if (sequence->uncached() > 0) continue;
      if (!sequence->is_prompt()) {
        drawn.push_back(sequence);
        continue;
      }
      for (int64_t g = 0; g < work_.group; ++g) {
        auto answer = std::make_unique<Sequence>();
        answer->prompt = sequence->prompt;
        answer->answer = g;
        answer->tokens = sequence->tokens;
        answer->prompt_length = sequence->prompt_length;
        scheduler_.share_pages(*sequence, *answer);
        forked.push_back(std::move(answer));
      }
      prompts_done.push_back(sequence);
    }
    for (const Sequence* prompt : prompts_done) scheduler_.remove(prompt);
    for (auto& answer : forked) {
      push(*answer);
      if (over(*answer)) {
        scheduler_.release_pages(*answer);
        finish(*answer);
      } else {
        scheduler_.add_first(std::move(answer));
      }
    }
    for (Sequence* sequence : drawn) {
      push(*sequence);
      if (over(*sequence)) finish(*scheduler_.remove(sequence));
    }
  }

  int32_t& cell(int32_t page, int64_t position) {
    return cells_.at(static_cast<size_t>(page * kPageSize + position % kPageSize));
  }
  static void push(Sequence& s) {
    s.tokens.push_back(
        static_cast<int32_t>(100000 + 10000 * s.prompt + 1000 * s.answer + s.length()));
  }
  static bool over(const Sequence& s) {
    return s.length() - s.prompt_length >= length(s.prompt, s.answer);
  }
  void finish(const Sequence& s) {
    EXPECT_TRUE(done_.emplace(std::pair(s.prompt, s.answer), s.tokens).second);
  }

  Work work_;
  std::vector<int32_t> cells_;
  BlockPool pool_;
  Scheduler scheduler_;
  std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>> done_;
};

TEST(Scheduler, EverySequenceReadsItsOwnTokensWhateverTheLimits) {
  Simulation roomy({.num_pages = 200, .max_running = 64, .max_batch_tokens = 512});
  roomy.run();
  EXPECT_EQ(roomy.num_preempted(), 0);
  // The longest answer has 53 + 40 tokens: six pages, and one to copy to.
  for (const int64_t pages : {7, 8, 11, 20}) {
    for (const int64_t running : {1, 2, 3, 64}) {
      for (const int64_t tokens : {1, 7, 64, 512}) {
        Simulation tight({.num_pages = pages, .max_running = running, .max_batch_tokens = tokens});
        tight.run();
        ASSERT_FALSE(HasFatalFailure()) << pages << " pages, " << running << " running, " << tokens;
        EXPECT_EQ(tight.done(), roomy.done());
      }
    }
  }
}

TEST(Scheduler, PreemptsWhenPagesRunOut) {
  Simulation tight({.num_pages = 7, .max_running = 64, .max_batch_tokens = 64});
  tight.run();
  EXPECT_GT(tight.num_preempted(), 0);
}

TEST(Scheduler, RefusesASequenceThatCanNeverFit) {
  Simulation hopeless({.num_pages = 2, .max_running = 4, .max_batch_tokens = 64});
  EXPECT_THROW(hopeless.run(), Error);
}

}  // namespace
}  // namespace grpo::rollout
