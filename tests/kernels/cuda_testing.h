#pragma once

#include <cstring>
#include <vector>

#include "kernels/device.h"
#include "tests/kernels/kernel_testing.h"

/// What the tests on a GPU share. Without one they are skipped, and counted as skipped.
namespace grpo::kernels {

/// The order of arithmetic on the device is the CPU's and nothing is contracted: the same bits are
/// expected, but for a logarithm in double that rounds the other way and a power of the device's
/// mathematics library. One part in a million leaves room for that and for no mistake.
inline constexpr double kSameArithmetic = 1e-6;

class CudaTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!cuda::available()) GTEST_SKIP() << cuda::why_not();
  }
};

inline void expect_ok(cuda::Status status) { EXPECT_TRUE(status.ok()) << status.error; }

/// An array on the device, on the default stream.
template <class T>
class OnDevice {
 public:
  explicit OnDevice(const std::vector<T>& values) : size_(values.size()) {
    void* memory = nullptr;
    // One more, so that an empty array has an address too.
    expect_ok(cuda::api().allocate(&memory, (size_ + 1) * sizeof(T)));
    data_ = static_cast<T*>(memory);
    expect_ok(cuda::api().copy(data_, values.data(), size_ * sizeof(T), nullptr));
    expect_ok(cuda::api().synchronize(nullptr));
  }
  explicit OnDevice(int64_t count) : OnDevice(std::vector<T>(static_cast<size_t>(count))) {}
  ~OnDevice() { expect_ok(cuda::api().release(data_)); }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

  operator T*() const { return data_; }

  /// Waits for the stream.
  std::vector<T> values() const {
    std::vector<T> result(size_);
    expect_ok(cuda::api().copy(result.data(), data_, size_ * sizeof(T), nullptr));
    expect_ok(cuda::api().synchronize(nullptr));
    return result;
  }

 private:
  size_t size_;
  T* data_ = nullptr;
};

/// Of a temporary vector.
template <class T>
OnDevice(const std::vector<T>&) -> OnDevice<T>;

}  // namespace grpo::kernels
