#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/grouped_gemm.h"
#include "kernels/linear_logprob.h"
#include "kernels/matmul.h"
#include "kernels/permute.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/route.h"
#include "kernels/sample.h"
#include "kernels/swiglu.h"

struct CUstream_st;

/// The operations that have a CUDA half: name, formula, shapes and parameters are those of their
/// twin in namespace cpu (kernels/<op>.h), then a stream.
///
/// Pointers are device memory, those within AttentionRun too; a shape or step taken by reference is
/// host memory and read before the call returns. What a CPU kernel returns, its twin writes to a
/// pointer that stands before the stream. A call only enqueues work; nothing here waits for it.
/// The reduction order of a result never depends on the batch, as on the CPU.
#define GRPO_CUDA_OPS(OP)    \
  OP(rms_norm_forward)       \
  OP(rms_norm_backward)      \
  OP(rope)                   \
  OP(swiglu_forward)         \
  OP(swiglu_backward)        \
  OP(embedding_forward)      \
  OP(embedding_backward)     \
  OP(adamw)                  \
  OP(squared_norm)           \
  OP(sample)                 \
  OP(route_forward)          \
  OP(route_replay)           \
  OP(route_backward)         \
  OP(expert_order)           \
  OP(gather_rows)            \
  OP(combine_rows)           \
  OP(combine_rows_backward)  \
  OP(kv_write)               \
  OP(attention_forward)      \
  OP(matmul)                 \
  OP(matmul_grad_input)      \
  OP(matmul_grad_weight)     \
  OP(bias_grad)              \
  OP(grouped_matmul)         \
  OP(grouped_grad_input)     \
  OP(grouped_grad_weight)    \
  OP(linear_logprob_forward) \
  OP(linear_logprob_backward)

namespace grpo::kernels::cuda {

/// cudaStream_t, without CUDA's headers.
using Stream = CUstream_st*;

/// `error` is null, or what CUDA says is wrong (a string that lives for ever).
struct [[nodiscard]] Status {
  const char* error = nullptr;
  bool ok() const { return error == nullptr; }
};

template <class Function>
struct TwinOf;
template <class... Parameters>
struct TwinOf<void(Parameters...)> {
  using Type = Status(Parameters..., Stream);
};
template <class Result, class... Parameters>
struct TwinOf<Result(Parameters...)> {
  using Type = Status(Parameters..., Result*, Stream);
};
/// The function type of the CUDA half of a CPU kernel.
template <class Function>
using Twin = typename TwinOf<Function>::Type;

#define GRPO_CUDA_DECLARE(op) Twin<decltype(cpu::generic::op)> op;
GRPO_CUDA_OPS(GRPO_CUDA_DECLARE)
#undef GRPO_CUDA_DECLARE

/// All that libgrpo_cuda.so offers. Grows at the end; kApiVersion changes whenever it changes.
struct Api {
  uint32_t version;  ///< kApiVersion of the library
  uint32_t size;     ///< sizeof(Api) of the library

  /// Whether device 0 can run these kernels, and if not, why. Fills `reason`, always terminated.
  bool (*usable)(char* reason, size_t capacity);

  Status (*allocate)(void** memory, size_t bytes);
  Status (*release)(void* memory);
  /// Between host and device in any direction.
  Status (*copy)(void* to, const void* from, size_t bytes, Stream stream);
  Status (*synchronize)(Stream stream);

#define GRPO_CUDA_POINTER(op) Twin<decltype(cpu::generic::op)>* op;
  GRPO_CUDA_OPS(GRPO_CUDA_POINTER)
#undef GRPO_CUDA_POINTER
};

inline constexpr uint32_t kApiVersion = 1;
/// The one symbol of the library: `extern "C" const Api* grpo_cuda_api()`.
inline constexpr const char* kEntryPoint = "grpo_cuda_api";

}  // namespace grpo::kernels::cuda
