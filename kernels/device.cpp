#include "kernels/device.h"

#include <dlfcn.h>

#include <filesystem>
#include <stdexcept>

namespace grpo::kernels::cuda {
namespace {

constexpr const char* kLibrary = "libgrpo_cuda.so";
constexpr const char* kDriver = "libcuda.so.1";

std::string last_dl_error() {
  const char* const error = dlerror();
  return error != nullptr ? error : "unknown error of dlopen";
}

Opened find_and_open() {
#ifdef GRPO_WITHOUT_CUDA
  return {nullptr, "built without CUDA (" GRPO_WITHOUT_CUDA ")"};
#else
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {nullptr, "/proc/self/exe: " + error.message()};
  return open_library((program.parent_path() / kLibrary).string());
#endif
}

const Opened& opened() {
  static const Opened result = find_and_open();
  return result;
}

}  // namespace

Opened open_library(const std::string& path) {
  // Neither library is closed again: CUDA's threads may outlive what uses them.
  if (!std::filesystem::exists(path)) return {nullptr, path + " not found"};
  if (dlopen(kDriver, RTLD_NOW | RTLD_LOCAL) == nullptr) {
    return {nullptr, std::string(kDriver) + " not found (the NVIDIA driver): " + last_dl_error()};
  }
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return {nullptr, last_dl_error()};
  using Entry = const Api*();
  auto* const entry = reinterpret_cast<Entry*>(dlsym(library, kEntryPoint));
  if (entry == nullptr) return {nullptr, path + ": has no " + kEntryPoint};
  const Api* const api = entry();
  if (api->version != kApiVersion || api->size != sizeof(Api)) {
    return {nullptr, path + ": version " + std::to_string(api->version) + " of " +
                         std::to_string(api->size) + " bytes, expected version " +
                         std::to_string(kApiVersion) + " of " + std::to_string(sizeof(Api)) +
                         ": build program and library together"};
  }
  char reason[256];
  if (!api->usable(reason, sizeof reason)) return {nullptr, reason};
  return {api, ""};
}

bool available() { return opened().api != nullptr; }

std::string why_not() { return opened().why_not; }

const Api& api() {
  if (!available()) throw std::runtime_error("CUDA: " + why_not());
  return *opened().api;
}

}  // namespace grpo::kernels::cuda
