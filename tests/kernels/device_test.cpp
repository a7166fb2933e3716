#include "kernels/device.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace grpo::kernels {
namespace {

// Written out, so that a change of cuda_ops.h's rule shows.
static_assert(
    std::is_same_v<decltype(cuda::Api::swiglu_forward),
                   cuda::Status (*)(const float*, const float*, float*, int64_t, cuda::Stream)>);
static_assert(std::is_same_v<decltype(cuda::Api::adamw),
                             cuda::Status (*)(float*, const float*, float*, float*, int64_t,
                                              const AdamwStep&, cuda::Stream)>);
static_assert(std::is_same_v<decltype(cuda::Api::squared_norm),
                             cuda::Status (*)(const float*, int64_t, double*, cuda::Stream)>);

template <class Cpu, class Cuda>
struct IsTwin;
template <class... P, class Cuda>
struct IsTwin<void(P...), Cuda> : std::is_same<Cuda, cuda::Status(P..., cuda::Stream)> {};
template <class R, class... P, class Cuda>
requires(!std::is_void_v<R>) struct IsTwin<R(P...), Cuda>
    : std::is_same<Cuda, cuda::Status(P..., R*, cuda::Stream)> {
};

#define GRPO_EXPECT_TWIN(op)                                                                     \
  static_assert(                                                                                 \
      IsTwin<decltype(cpu::generic::op), std::remove_pointer_t<decltype(cuda::Api::op)>>::value, \
      "cuda::" #op " has other parameters than cpu::" #op " and a stream");                      \
  static_assert(std::is_same_v<decltype(cuda::op)*, decltype(cuda::Api::op)>);
GRPO_CUDA_OPS(GRPO_EXPECT_TWIN)
#undef GRPO_EXPECT_TWIN

static_assert(!IsTwin<void(float*, int), cuda::Status(float*, long, cuda::Stream)>::value);
static_assert(!IsTwin<void(float*), cuda::Status(float*)>::value);

TEST(Device, IsAvailableOrSaysWhyNot) {
  EXPECT_EQ(cuda::available(), cuda::why_not().empty());
  if (cuda::available()) {
    EXPECT_EQ(cuda::api().version, cuda::kApiVersion);
  } else {
    try {
      cuda::api();
      FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(error.what(), "CUDA: " + cuda::why_not());
    }
  }
}

TEST(Device, NamesTheLibraryThatIsMissing) {
  const auto opened = cuda::open_library("/nowhere/libgrpo_cuda.so");
  EXPECT_EQ(opened.api, nullptr);
  EXPECT_EQ(opened.why_not, "/nowhere/libgrpo_cuda.so not found");
}

TEST(Device, RefusesAFileThatIsNotTheLibrary) {
  // Without a driver the driver is what is missing: either way a reason, never a crash.
  for (const char* path : {GRPO_SOURCE_DIR "/CMakeLists.txt", "/proc/self/exe"}) {
    const auto opened = cuda::open_library(path);
    EXPECT_EQ(opened.api, nullptr);
    EXPECT_FALSE(opened.why_not.empty());
  }
}

TEST(Device, WithoutADriverSaysSo) {
  const auto library = std::filesystem::path(GRPO_BINARY).parent_path() / "libgrpo_cuda.so";
  if (!std::filesystem::exists(library)) GTEST_SKIP() << cuda::why_not();
  const auto opened = cuda::open_library(library.string());
  EXPECT_EQ(opened.why_not.empty(), cuda::available());
  if (opened.why_not.find("libcuda") != std::string::npos) {
    EXPECT_TRUE(opened.why_not.starts_with("libcuda.so.1 not found")) << opened.why_not;
  }
}

}  // namespace
}  // namespace grpo::kernels
