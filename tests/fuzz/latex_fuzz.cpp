// libFuzzer target: any bytes as a formula, parsed, printed and evaluated. Built and run by
// tests/fuzz/run_reward.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "reward/math/evaluate.h"
#include "reward/math/latex.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace grpo::reward::math;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_math(text);
  if (!parsed) {
    if (parsed.error.empty() || parsed.position > size) std::abort();
    return 0;
  }
  if (canonical(*parsed.tree) != canonical(*parse_math(text).tree)) std::abort();
  decimal_value(*parsed.tree);
  return 0;
}
