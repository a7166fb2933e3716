#pragma once

#include <cstdint>
#include <new>

/// For `<op>_cpu.cpp` files only, like kernels/isa.h.
namespace grpo::kernels::cpu::GRPO_ISA {

/// Uninitialised working memory on a cache-line boundary. Not std::vector: its members would be
/// compiled with AVX-512 and could be the copy that the linker keeps for every instruction set.
template <class T>
class Buffer {
 public:
  explicit Buffer(int64_t size)
      : data_(static_cast<T*>(::operator new (static_cast<size_t>(size > 0 ? size : 1) * sizeof(T),
                                              std::align_val_t{64}))) {}
  Buffer(Buffer&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
  ~Buffer() { ::operator delete (data_, std::align_val_t{64}); }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() { return data_; }
  T& operator[](int64_t i) { return data_[i]; }

 private:
  T* data_;
};

}  // namespace grpo::kernels::cpu::GRPO_ISA
