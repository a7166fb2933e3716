// Two lines as a reference and an answer. Beyond memory: equality is symmetric,
// and a number never equals itself plus one.

#include <algorithm>
#include <string>

#include "reward/math/evaluate.h"
#include "reward/math/latex.h"
#include "reward/math/math_verifier.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void math_pair(std::string_view bytes) {
  using namespace reward::math;
  const size_t line = std::min(bytes.find('\n'), bytes.size());
  const std::string gold(bytes.substr(0, line));
  const std::string answer(line < bytes.size() ? bytes.substr(line + 1) : gold);
  MathOptions options;
  options.timeout_ms = 200;
  options.strict = bytes.size() % 2 == 0;
  const bool there = compare(gold, answer, options).equality == Equality::equal;
  const auto back = compare(answer, gold, options);
  require(!there || back.equality != Equality::different, "equality is symmetric");

  const auto parsed = parse_math(gold);
  if (!parsed || !is_scalar(*parsed.tree) || has_decimal(*parsed.tree)) return;
  Budget budget(std::chrono::milliseconds(100));
  try {
    if (!exact_value(*parsed.tree, {}, budget)) return;
  } catch (const Exhausted&) {
    return;
  }
  require(compare(gold, "1+(" + gold + ")", options).equality != Equality::equal, "x is not 1 + x");
}

}  // namespace grpo::fuzz
