#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "rollout/block_pool.h"
#include "rollout/sequence.h"

namespace grpo::rollout {

struct SchedulerLimits {
  int64_t max_running = 64;        ///< sequences in a step
  int64_t max_batch_tokens = 512;  ///< tokens in a step: decode tokens first, then prompt chunks
};

/// Tokens of one sequence that take part in the step: tokens [cached, cached + count).
struct Scheduled {
  Sequence* sequence = nullptr;
  int64_t count = 0;
};

/// Decides what runs next. Waiting sequences enter in order when a slot and pages are free; when
/// pages run out, the sequence that entered last gives its pages up and waits again: its tokens are
/// run once more later and, since no kernel looks at the batch, give the same bits.
class Scheduler {
 public:
  /// `copy_page(from, to)` copies one page of every layer (copy on write).
  Scheduler(SchedulerLimits limits, BlockPool& pool,
            std::function<void(int32_t, int32_t)> copy_page);

  void add_last(std::unique_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }
  void add_first(std::unique_ptr<Sequence> sequence) { waiting_.push_front(std::move(sequence)); }

  /// The next step's work with pages ready to be written; empty when all is done.
  std::vector<Scheduled> next();

  /// Takes a running sequence out and frees its pages.
  std::unique_ptr<Sequence> remove(const Sequence* sequence);

  /// A new sequence that shares all pages of `parent`.
  void share_pages(const Sequence& parent, Sequence& child);

  /// Gives all pages of a sequence back; it will be run from its start.
  void release_pages(Sequence& sequence);

  int64_t num_preempted() const { return num_preempted_; }

 private:
  void admit();
  bool prepare_pages(Sequence& sequence, int64_t count);
  bool make_room(const Sequence& keep);

  SchedulerLimits limits_;
  BlockPool& pool_;
  std::function<void(int32_t, int32_t)> copy_page_;
  std::deque<std::unique_ptr<Sequence>> waiting_;
  std::vector<std::unique_ptr<Sequence>> running_;  // in order of entry
  int64_t num_preempted_ = 0;
};

}  // namespace grpo::rollout
