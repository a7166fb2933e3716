#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "base/thread_pool.h"
#include "reward/code/worker.h"

namespace grpo::reward::code {

/// Up to `max_workers` workers, started when first needed, replaced when broken, dead or after
/// `recycle_runs` runs. Any thread may ask.
class WorkerPool {
 public:
  /// Starts one worker to see that the level can be had. Throws Error (exit code 69) with cause and
  /// remedy if it cannot.
  explicit WorkerPool(const SandboxOptions& options);
  /// The same with an interpreter that is known; its jails show `interpreter`'s trees and files.
  WorkerPool(const SandboxOptions& options, Interpreter interpreter);
  ~WorkerPool();

  /// A worker of one's own until the end of the lease.
  class Lease {
   public:
    Lease(WorkerPool& pool, std::unique_ptr<Worker> worker)
        : pool_(&pool), worker_(std::move(worker)) {}
    Lease(Lease&& other) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (worker_) pool_->give_back(std::move(worker_));
    }
    Worker& operator*() { return *worker_; }

   private:
    WorkerPool* pool_;
    std::unique_ptr<Worker> worker_;
  };
  /// Waits for an idle worker that is alive, or starts one. Throws Error if none can be started.
  Lease lease();

  Level level() const { return options_.level; }
  const Interpreter& interpreter() const { return interpreter_; }

 private:
  std::unique_ptr<Worker> start_worker();
  void give_back(std::unique_ptr<Worker> worker);

  SandboxOptions options_;
  Interpreter interpreter_;
  std::mutex mutex_;  // guards idle_ and num_workers_
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Worker>> idle_;
  size_t num_workers_ = 0;
  // A worker dies with the thread that started it, so one thread starts all of them.
  ThreadPool starter_{1};
};

}  // namespace grpo::reward::code
