#include "rollout/scheduler.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/attention.h"

namespace grpo::rollout {

using kernels::kPageSize;

Scheduler::Scheduler(SchedulerLimits limits, BlockPool& pool,
                     std::function<void(int32_t, int32_t)> copy_page)
    : limits_(limits), pool_(pool), copy_page_(std::move(copy_page)) {}

void Scheduler::admit() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < limits_.max_running) {
    const Sequence& next = *waiting_.front();
    const int64_t all = (next.length() + kPageSize - 1) / kPageSize;
    const int64_t needed = all - static_cast<int64_t>(next.pages.size()) + 1;
    // One page in reserve for each running sequence, so that a newcomer is not thrown out at once.
    const int64_t reserve = static_cast<int64_t>(running_.size());
    if (!running_.empty() && needed + reserve > pool_.num_free()) return;
    running_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

std::vector<Scheduled> Scheduler::next() {
  admit();
  std::vector<Scheduled> work;
  int64_t budget = limits_.max_batch_tokens;
  // Decode first: one token each; then prompts (and preempted answers) in chunks.
  for (const bool decode : {true, false}) {
    for (size_t i = 0; i < running_.size() && budget > 0; ++i) {
      Sequence& sequence = *running_[i];
      if ((sequence.uncached() == 1) != decode) continue;
      const int64_t count = std::min(sequence.uncached(), budget);
      const Sequence* self = &sequence;
      if (!prepare_pages(sequence, count)) {
        // `sequence` itself was the last to enter and has gone back to wait.
        check(!running_.empty(), "rollout: no page left for a single sequence");
        continue;
      }
      work.push_back({running_[i].get(), count});
      check(running_[i].get() == self, "rollout: the order of running sequences changed");
      budget -= count;
    }
  }
  // A preemption may have hit a sequence that was already scheduled in this step.
  std::erase_if(work, [&](const Scheduled& s) {
    return std::none_of(running_.begin(), running_.end(),
                        [&](const auto& r) { return r.get() == s.sequence; });
  });
  check(!work.empty() || (running_.empty() && waiting_.empty()),
        "rollout: {} sequences wait but none can run", waiting_.size() + running_.size());
  return work;
}

bool Scheduler::prepare_pages(Sequence& sequence, int64_t count) {
  const Sequence* self = &sequence;
  for (int64_t p = sequence.cached / kPageSize; p * kPageSize < sequence.cached + count; ++p) {
    const auto index = static_cast<size_t>(p);
    const bool missing = index >= sequence.pages.size();
    if (!missing && !pool_.is_shared(sequence.pages[index])) continue;
    int32_t page = pool_.allocate();
    while (page < 0) {
      if (!make_room(sequence)) return false;
      page = pool_.allocate();
    }
    check(self == &sequence, "rollout: sequence moved");
    if (missing) {
      sequence.pages.push_back(page);
    } else if (pool_.is_shared(sequence.pages[index])) {
      copy_page_(sequence.pages[index], page);
      pool_.release(sequence.pages[index]);
      sequence.pages[index] = page;
    } else {
      pool_.release(page);  // making room has left this page to us alone
    }
  }
  return true;
}

/// Frees pages: first those that waiting answers hold, then those of the sequence that entered
/// last. False when that one is `keep`, which then waits itself.
bool Scheduler::make_room(const Sequence& keep) {
  for (auto it = waiting_.rbegin(); it != waiting_.rend(); ++it) {
    if ((*it)->pages.empty()) continue;
    release_pages(**it);
    return true;
  }
  auto last = std::move(running_.back());
  running_.pop_back();
  const bool is_self = last.get() == &keep;
  release_pages(*last);
  ++num_preempted_;
  waiting_.push_front(std::move(last));
  return !is_self;
}

void Scheduler::release_pages(Sequence& sequence) {
  for (const int32_t page : sequence.pages) pool_.release(page);
  sequence.pages.clear();
  sequence.cached = 0;
}

std::unique_ptr<Sequence> Scheduler::remove(const Sequence* sequence) {
  const auto it = std::find_if(running_.begin(), running_.end(),
                               [&](const auto& r) { return r.get() == sequence; });
  check(it != running_.end(), "rollout: sequence is not running");
  auto out = std::move(*it);
  running_.erase(it);
  release_pages(*out);
  return out;
}

void Scheduler::share_pages(const Sequence& parent, Sequence& child) {
  for (const int32_t page : parent.pages) pool_.retain(page);
  child.pages = parent.pages;
  child.cached = parent.cached;
}

}  // namespace grpo::rollout
