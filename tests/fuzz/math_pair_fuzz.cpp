// libFuzzer target: two lines as a reference and an answer. Beyond memory: equality is symmetric,
// and a number never equals itself plus one. Built and run by tests/fuzz/run_reward.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "reward/math/evaluate.h"
#include "reward/math/latex.h"
#include "reward/math/math_verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace grpo::reward::math;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), size);
  const std::string gold = text.substr(0, line);
  const std::string answer = line < size ? text.substr(line + 1) : gold;
  MathOptions options;
  options.timeout_ms = 200;
  options.strict = size % 2 == 0;
  const bool there = compare(gold, answer, options).equality == Equality::equal;
  const auto back = compare(answer, gold, options);
  if (there && back.equality == Equality::different) std::abort();

  const auto parsed = parse_math(gold);
  if (!parsed || !is_scalar(*parsed.tree) || has_decimal(*parsed.tree)) return 0;
  Budget budget(std::chrono::milliseconds(100));
  try {
    if (!exact_value(*parsed.tree, {}, budget)) return 0;
  } catch (const Exhausted&) {
    return 0;
  }
  if (compare(gold, "1+(" + gold + ")", options).equality == Equality::equal) std::abort();
  return 0;
}
