#include "kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace grpo::kernels {
namespace {

thread_local bool inside_parallel = false;

int default_threads() {
  if (const char* text = std::getenv("GRPO_THREADS")) {
    const int threads = std::atoi(text);
    if (threads > 0) return std::min(threads, 256);
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Workers wait for a new generation: they spin for a few microseconds, because the next kernel of
/// a decode step follows at once, then sleep, because a spinning thread starves a busy machine.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }

  int size() const { return static_cast<int>(workers_.size()) + 1; }

  void run(int64_t count, int64_t grain, internal::RangeBody body, void* context) {
    const std::lock_guard call(call_mutex_);
    body_ = body;
    context_ = context;
    count_ = count;
    grain_ = grain;
    next_.store(0, std::memory_order_relaxed);
    pending_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
    {
      const std::lock_guard lock(mutex_);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    inside_parallel = true;
    drain();
    inside_parallel = false;
    spin_until([this] { return pending_.load(std::memory_order_acquire) == 0; });
    if (pending_.load(std::memory_order_acquire) != 0) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, [this] { return pending_.load(std::memory_order_acquire) == 0; });
    }
  }

 private:
  template <class Ready>
  static void spin_until(Ready ready) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::microseconds(20);
    while (!ready() && std::chrono::steady_clock::now() < limit) {
      for (int i = 0; i < 16; ++i) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
    }
  }

  void drain() {
    for (;;) {
      const int64_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
      if (begin >= count_) return;
      body_(context_, begin, std::min(begin + grain_, count_));
    }
  }

  void work() {
    inside_parallel = true;
    uint64_t seen = 0;
    for (;;) {
      const auto fresh = [&] { return generation_.load(std::memory_order_acquire) != seen; };
      spin_until(fresh);
      if (!fresh()) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, fresh);
      }
      seen = generation_.load(std::memory_order_acquire);
      if (stop_) return;
      drain();
      if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard lock(mutex_);
        done_.notify_one();
      }
    }
  }

  std::vector<std::thread> workers_;
  std::mutex call_mutex_;  // one parallel_for at a time
  std::mutex mutex_;       // guards the two condition variables and stop_
  std::condition_variable wake_, done_;
  bool stop_ = false;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<int> pending_{0};
  internal::RangeBody body_ = nullptr;
  void* context_ = nullptr;
  int64_t count_ = 0, grain_ = 1;
};

std::mutex pool_mutex;  // guards `pool`
std::shared_ptr<Pool> pool;

std::shared_ptr<Pool> get_pool() {
  const std::lock_guard lock(pool_mutex);
  if (!pool) pool = std::make_shared<Pool>(default_threads());
  return pool;
}

}  // namespace

int num_threads() { return get_pool()->size(); }

void set_num_threads(int threads) {
  const std::lock_guard lock(pool_mutex);
  pool = std::make_shared<Pool>(std::clamp(threads, 1, 256));
}

namespace internal {

void run_parallel(int64_t count, int64_t grain, RangeBody body, void* context) {
  if (count <= 0) return;
  grain = std::max<int64_t>(1, grain);
  if (inside_parallel || count <= grain) {
    body(context, 0, count);
    return;
  }
  const auto used = get_pool();
  if (used->size() == 1) {
    body(context, 0, count);
    return;
  }
  used->run(count, grain, body, context);
}

}  // namespace internal
}  // namespace grpo::kernels
