#pragma once

#include <cstdint>

namespace grpo::kernels {

/// The calling thread's scratch memory for at least `count` floats, aligned to 64 bytes, contents
/// undefined. A second call on the same thread may return the same memory: one user at a time, so
/// only inside the body of a parallel_for. Grows as needed and lives as long as the thread.
float* thread_scratch(int64_t count);

}  // namespace grpo::kernels
