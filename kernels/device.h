#pragma once

#include <string>

#include "kernels/cuda_ops.h"

/// The CUDA half of the kernels, opened when a device is asked for: the program itself links to
/// nothing of CUDA. libgrpo_cuda.so stands beside the executable.
namespace grpo::kernels::cuda {

/// True when the library, a driver and a device that it supports are all here. The first call opens
/// the library; the answer stays for the life of the process.
bool available();

/// What is missing, as a sentence without a full stop; "" when available().
std::string why_not();

/// The kernels (kernels/cuda_ops.h). Throws std::runtime_error with why_not() unless available().
const Api& api();

/// For tests: what opening the library at `path` gives.
struct Opened {
  const Api* api = nullptr;
  std::string why_not;
};
Opened open_library(const std::string& path);

}  // namespace grpo::kernels::cuda
