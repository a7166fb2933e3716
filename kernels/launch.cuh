#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda_ops.h"
#include "kernels/lanes.h"

/// How `<op>.cu` starts its kernels: one thread or one team (kernels/lanes.h) an item, or one
/// block.
namespace grpo::kernels::cuda {

inline constexpr int kThreads = 256;  // of a block
inline constexpr int kTeams = kThreads / static_cast<int>(kLanes);

inline Status status_of(cudaError_t error) {
  return {error == cudaSuccess ? nullptr : cudaGetErrorString(error)};
}

/// Runs body(thread of the grid).
template <class Body>
__global__ void __launch_bounds__(kThreads) thread_kernel(int64_t threads, Body body) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i < threads) body(i);
}

/// Runs body(block of the grid) by all its threads.
template <class Body>
__global__ void __launch_bounds__(kThreads) block_kernel(Body body) {
  body(int64_t{blockIdx.x});
}

/// body(i) for i in [0, count), each by a thread.
template <class Body>
Status for_each_thread(int64_t count, Stream stream, Body body) {
  if (count <= 0) return {};  // CUDA refuses an empty grid
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  thread_kernel<<<blocks, kThreads, 0, stream>>>(count, body);
  return status_of(cudaGetLastError());
}

/// body(i) for i in [0, count), each by the 16 threads of a team.
template <class Body>
Status for_each_team(int64_t count, Stream stream, Body body) {
  return for_each_thread(count * kLanes, stream,
                         [=] __device__(int64_t thread) { body(thread / kLanes); });
}

/// body(i) for i in [0, count), each by a block that has `shared_bytes` of dynamic shared memory.
template <class Body>
Status for_each_block(int64_t count, int64_t shared_bytes, Stream stream, Body body) {
  if (count <= 0) return {};
  block_kernel<<<static_cast<unsigned>(count), kThreads, static_cast<size_t>(shared_bytes),
                 stream>>>(body);
  return status_of(cudaGetLastError());
}

/// The team within its block.
__device__ __forceinline__ int team() { return static_cast<int>(threadIdx.x / kLanes); }

/// Working memory of one call, taken and given back in the order of the stream.
template <class T>
class Workspace {
 public:
  Workspace(int64_t count, Stream stream) : stream_(stream) {
    error_ =
        cudaMallocAsync(&data_, static_cast<size_t>(count > 0 ? count : 1) * sizeof(T), stream);
  }
  ~Workspace() {
    if (error_ == cudaSuccess) cudaFreeAsync(data_, stream_);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Status status() const { return status_of(error_); }
  T* data() const { return static_cast<T*>(data_); }

 private:
  Stream stream_;
  void* data_ = nullptr;
  cudaError_t error_;
};

}  // namespace grpo::kernels::cuda
