#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace grpo::kernels {

/// Threads that parallel_for uses, the caller included. Default: GRPO_THREADS or the number of
/// processors this process may run on. No result depends on it. A GRPO_THREADS that is no number
/// from 1 to 256 ends the program with a message (exit code 2).
int num_threads();
void set_num_threads(int threads);

namespace internal {
using RangeBody = void (*)(void* context, int64_t begin, int64_t end);
void run_parallel(int64_t count, int64_t grain, RangeBody body, void* context);
}  // namespace internal

/// Calls body(begin, end) over disjoint ranges that cover [0, count), of `grain` items or less, on
/// the one pool of the process. Returns when all are done. Ranges are handed out as threads become
/// free, so the body must not depend on which thread or range computes an item. A call from inside
/// a body runs serially. The body must not throw.
template <class Body>
void parallel_for(int64_t count, int64_t grain, Body&& body) {
  internal::run_parallel(
      count, grain,
      [](void* context, int64_t begin, int64_t end) {
        (*static_cast<std::remove_reference_t<Body>*>(context))(begin, end);
      },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace grpo::kernels
