#include "kernels/thread_scratch.h"

#include <algorithm>
#include <memory>
#include <new>

namespace grpo::kernels {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Free {
  void operator()(float* p) const { ::operator delete[](p, kAlignment); }
};

}  // namespace

float* thread_scratch(int64_t count) {
  thread_local std::unique_ptr<float[], Free> buffer;
  thread_local int64_t capacity = 0;
  if (count > capacity) {
    buffer.reset();
    capacity = 0;
    const int64_t wanted = std::max<int64_t>(count + count / 2, 1 << 16);
    buffer.reset(new (kAlignment) float[static_cast<size_t>(wanted)]);
    capacity = wanted;
  }
  return buffer.get();
}

}  // namespace grpo::kernels
