#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace grpo {

/// A fixed number of threads that run jobs in the order given. For verifiers and other host work;
/// kernels have threads of their own. A job must not wait for a job submitted after it.
/// The destructor runs what is queued, then joins.
class ThreadPool {
 public:
  /// num_threads >= 1, else Error.
  explicit ThreadPool(std::size_t num_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const { return threads_.size(); }

  /// Result, or exception, comes through the future. The job may be move-only.
  template <class Job>
  std::future<std::invoke_result_t<Job>> submit(Job job) {
    // std::function must copy what it holds: the task is shared, not copied.
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Job>()>>(std::move(job));
    auto future = task->get_future();
    enqueue([task] { (*task)(); });
    return future;
  }

 private:
  void enqueue(std::function<void()> job);
  void work();

  std::mutex mutex_;  // guards jobs_ and stopping_
  std::condition_variable ready_;
  std::queue<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace grpo
