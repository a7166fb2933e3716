#include <cstdio>

#include "kernels/launch.cuh"

// What libgrpo_cuda.so offers (kernels/cuda_ops.h), and whether this machine can run it.
namespace grpo::kernels::cuda {
namespace {

/// Is there machine code of this for the device, there is of all.
__global__ void probe_kernel() {}

bool usable(char* reason, size_t capacity) {
  int devices = 0;
  cudaError_t error = cudaGetDeviceCount(&devices);
  if (error == cudaErrorNoDevice || (error == cudaSuccess && devices == 0)) {
    std::snprintf(reason, capacity, "no CUDA device");
    return false;
  }
  if (error != cudaSuccess) {
    std::snprintf(reason, capacity, "CUDA: %s", cudaGetErrorString(error));
    return false;
  }
  int major = 0, minor = 0;
  error = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
  if (error == cudaSuccess) {
    error = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
  }
  cudaFuncAttributes attributes;
  if (error == cudaSuccess) error = cudaFuncGetAttributes(&attributes, probe_kernel);
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorInvalidDeviceFunction ||
      error == cudaErrorUnsupportedPtxVersion) {
    std::snprintf(reason, capacity, "device 0 is sm_%d%d; this build has %s", major, minor,
                  GRPO_CUDA_ARCHITECTURES);
  } else if (error != cudaSuccess) {
    std::snprintf(reason, capacity, "device 0: %s", cudaGetErrorString(error));
  }
  return error == cudaSuccess;
}

Status allocate(void** memory, size_t bytes) { return status_of(cudaMalloc(memory, bytes)); }

Status release(void* memory) { return status_of(cudaFree(memory)); }

Status copy(void* to, const void* from, size_t bytes, Stream stream) {
  return status_of(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream));
}

Status synchronize(Stream stream) { return status_of(cudaStreamSynchronize(stream)); }

#define GRPO_CUDA_ADDRESS(op) &op,
constexpr Api kApi{kApiVersion, sizeof(Api), &usable,      &allocate,
                   &release,    &copy,       &synchronize, GRPO_CUDA_OPS(GRPO_CUDA_ADDRESS)};
#undef GRPO_CUDA_ADDRESS

}  // namespace
}  // namespace grpo::kernels::cuda

extern "C" __attribute__((visibility("default"))) const grpo::kernels::cuda::Api* grpo_cuda_api() {
  return &grpo::kernels::cuda::kApi;
}
