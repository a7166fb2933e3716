#pragma once

#include <string>

#include "base/error.h"
#include "kernels/device.h"

namespace grpo::apps {

/// Throws Error for a device that models cannot run on here (exit code 69), or that is none (2).
inline void check_device(const std::string& device) {
  if (device == "cpu") return;
  check_input(device == "cuda" || device.starts_with("cuda:"),
              "--device {}: unknown device; known: cpu, cuda:N", device);
  const std::string missing = kernels::cuda::why_not();
  throw Error(fmt::format("--device {}: {}; use --device cpu", device,
                          missing.empty() ? "this version runs models on the CPU only, although "
                                            "the CUDA kernels are available"
                                          : "CUDA kernels not available: " + missing),
              69);
}

}  // namespace grpo::apps
