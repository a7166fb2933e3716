#include "tests/fuzz/largest_allocation.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> largest{0};

}  // namespace

void* operator new(std::size_t size) {
  std::size_t known = largest;
  while (size > known && !largest.compare_exchange_weak(known, size)) {
  }
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace grpo::fuzz {

std::size_t take_largest_allocation() { return largest.exchange(0); }

}  // namespace grpo::fuzz
