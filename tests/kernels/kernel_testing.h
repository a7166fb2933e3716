#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "kernels/dispatch.h"
#include "kernels/parallel.h"

/// What the tests of the CPU kernels share: reproducible numbers, bitwise comparison, and a run of
/// one computation under every instruction set and several numbers of threads.
namespace grpo::kernels {

inline std::vector<float> random_floats(int64_t count, uint32_t seed, float spread = 1.0f) {
  std::mt19937 engine(seed);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) {
    const double uniform = (engine() + 0.5) / 4294967296.0;
    value = static_cast<float>((2.0 * uniform - 1.0) * spread);
  }
  return values;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// compute() -> std::vector<float>, the same bits under every instruction set of this CPU and with
/// 1 and 3 threads; returns them.
template <class Compute>
std::vector<float> same_everywhere(Compute compute) {
  const cpu::Isa isa_before = cpu::isa();
  const int threads_before = num_threads();
  std::vector<float> first;
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    for (const cpu::Isa isa : {cpu::Isa::kGeneric, cpu::Isa::kAvx2, cpu::Isa::kAvx512}) {
      if (!cpu::available(isa)) continue;
      cpu::set_isa(isa);
      const std::vector<float> result = compute();
      if (first.empty()) {
        first = result;
      } else {
        EXPECT_TRUE(same_bits(first, result)) << cpu::name(isa) << ", " << threads << " threads";
      }
    }
  }
  cpu::set_isa(isa_before);
  set_num_threads(threads_before);
  return first;
}

/// |got - want| <= tolerance * (1 + |want|) everywhere; names the worst index.
template <class Want>
void expect_close(const std::vector<float>& got, const std::vector<Want>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  double worst = -1.0;
  size_t at = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double expected = static_cast<double>(want[i]);
    double used = std::fabs(got[i] - expected) / (tolerance * (1.0 + std::fabs(expected)));
    if (std::isnan(used)) used = INFINITY;
    if (used > worst) {
      worst = used;
      at = i;
    }
  }
  if (got.empty()) return;
  EXPECT_LE(worst, 1.0) << "index " << at << ": got " << got[at] << ", want " << want[at]
                        << ", used " << worst << " of the tolerance";
}

/// d sum(weights * f(x)) / dx by central differences in double, f(std::vector<double>) ->
/// std::vector<double>.
template <class Function>
std::vector<double> numeric_gradient(Function f, const std::vector<float>& x,
                                     const std::vector<float>& weights, double step = 1e-5) {
  std::vector<double> point(x.begin(), x.end());
  std::vector<double> gradient(x.size());
  const auto objective = [&] {
    const std::vector<double> y = f(point);
    double sum = 0.0;
    for (size_t i = 0; i < y.size(); ++i) sum += weights[i] * y[i];
    return sum;
  };
  for (size_t i = 0; i < x.size(); ++i) {
    const double centre = point[i];
    point[i] = centre + step;
    const double above = objective();
    point[i] = centre - step;
    gradient[i] = (above - objective()) / (2.0 * step);
    point[i] = centre;
  }
  return gradient;
}

}  // namespace grpo::kernels
