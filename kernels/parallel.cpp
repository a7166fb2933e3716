#include "kernels/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

namespace grpo::kernels {
namespace {

thread_local bool inside_parallel = false;

constexpr int kMostThreads = 256;

int default_threads() {
  if (const char* text = std::getenv("GRPO_THREADS")) {
    const char* end = text + std::strlen(text);
    int threads = 0;
    const auto result = std::from_chars(text, end, threads);
    if (result.ec == std::errc() && result.ptr == end && threads >= 1 && threads <= kMostThreads) {
      return threads;
    }
    if (*text != '\0') {
      std::fprintf(stderr, "GRPO_THREADS=%s: expected a number from 1 to %d\n", text, kMostThreads);
      std::exit(2);
    }
  }
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Workers wait for a new job: they spin for a few microseconds, because the next kernel of a
/// decode step follows at once, then sleep, because a spinning thread starves a busy machine. A
/// worker that comes when all pieces are taken finds the job closed, and nobody waits for it: where
/// other programs hold the cores, a call costs what its own thread does.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_.store(true, std::memory_order_relaxed);
      job_.fetch_add(kGeneration, std::memory_order_release);
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
    {
      const std::lock_guard lock(mutex_);
      job_.fetch_add(kGeneration | kOpen, std::memory_order_release);
    }
    wake_.notify_all();
    inside_parallel = true;
    drain();
    inside_parallel = false;
    const auto done = [this] { return (job_.load(std::memory_order_acquire) & kActive) == 0; };
    job_.fetch_and(~kOpen, std::memory_order_acq_rel);
    spin_until(done);
    if (!done()) {
      std::unique_lock lock(mutex_);
      done_.wait(lock, done);
    }
  }

 private:
  // job_: which job it is, whether workers may still join it, and how many are at it.
  static constexpr uint64_t kActive = 0x7fff, kOpen = 0x8000, kGeneration = 0x10000;
  static constexpr uint64_t generation(uint64_t job) { return job & ~(kOpen | kActive); }

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

  void drain() noexcept {  // a body must not throw: memory that is not there ends the program
    for (;;) {
      const int64_t begin = next_.fetch_add(grain_, std::memory_order_relaxed);
      if (begin >= count_) return;
      body_(context_, begin, std::min(begin + grain_, count_));
    }
  }

  /// Joins the job, unless it is closed; either way it is `seen`.
  bool join(uint64_t& seen) {
    uint64_t job = job_.load(std::memory_order_acquire);
    while ((job & kOpen) != 0) {
      if (job_.compare_exchange_weak(job, job + 1, std::memory_order_acq_rel)) {
        seen = generation(job);
        return true;
      }
    }
    seen = generation(job);
    return false;
  }

  void work() {
    inside_parallel = true;
    uint64_t seen = 0;
    for (;;) {
      const auto fresh = [&] { return generation(job_.load(std::memory_order_acquire)) != seen; };
      spin_until(fresh);
      if (!fresh()) {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, fresh);
      }
      if (stop_.load(std::memory_order_relaxed)) return;
      if (!join(seen)) continue;
      drain();
      const uint64_t left = job_.fetch_sub(1, std::memory_order_acq_rel) - 1;
      if ((left & (kOpen | kActive)) == 0) {
        const std::lock_guard lock(mutex_);
        done_.notify_one();
      }
    }
  }

  std::vector<std::thread> workers_;
  std::mutex call_mutex_;  // one parallel_for at a time
  std::mutex mutex_;       // guards the two condition variables
  std::condition_variable wake_, done_;
  std::atomic<bool> stop_{false};
  std::atomic<uint64_t> job_{0};
  std::atomic<int64_t> next_{0};
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
