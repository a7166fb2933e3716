#pragma once

#include <utility>

/// Run-time choice of the instruction set for the CPU kernels.
///
/// Every `<op>_cpu.cpp` is compiled three times, as namespace `cpu::generic` (plain C++),
/// `cpu::avx2` (with FMA and F16C) and `cpu::avx512`. All three give the same bits: a result is
/// defined by 16 virtual lanes, explicit fused multiply-adds and a fixed order of reduction
/// (kernels/isa.h), never by the width of a register, the number of threads or what else is in the
/// batch.
namespace grpo::kernels::cpu {

enum class Isa { kGeneric, kAvx2, kAvx512 };

/// The set in use: the best this CPU has, or what GRPO_CPU=generic|avx2|avx512 asks for.
/// An unknown or unavailable GRPO_CPU ends the program with a message (exit code 2).
Isa isa();

/// For tests: use `isa` from now on; it must be available.
void set_isa(Isa isa);

/// True when this CPU can run `isa`.
bool available(Isa isa);

const char* name(Isa isa);

template <auto Generic, auto Avx2, auto Avx512>
struct Dispatched {
  template <class... Args>
  auto operator()(Args&&... args) const {
    switch (isa()) {
      case Isa::kAvx512:
        return Avx512(std::forward<Args>(args)...);
      case Isa::kAvx2:
        return Avx2(std::forward<Args>(args)...);
      case Isa::kGeneric:
        break;
    }
    return Generic(std::forward<Args>(args)...);
  }
};

}  // namespace grpo::kernels::cpu

/// Declares `name` in the three namespaces and the dispatching `cpu::name`. Use inside namespace
/// grpo::kernels::cpu: GRPO_CPU_KERNEL(void, scale, (float* x, int64_t n, float factor));
#define GRPO_CPU_KERNEL(result, name, parameters) \
  namespace generic {                             \
  result name parameters;                         \
  }                                               \
  namespace avx2 {                                \
  result name parameters;                         \
  }                                               \
  namespace avx512 {                              \
  result name parameters;                         \
  }                                               \
  inline constexpr Dispatched<&generic::name, &avx2::name, &avx512::name> name {}
