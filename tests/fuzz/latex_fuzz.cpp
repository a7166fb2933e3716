// Any bytes as a formula, parsed, printed and evaluated.

#include "reward/math/evaluate.h"
#include "reward/math/latex.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void latex(std::string_view text) {
  using namespace reward::math;
  const auto parsed = parse_math(text);
  if (!parsed) {
    require(!parsed.error.empty() && parsed.position <= text.size(), "error and place");
    return;
  }
  require(canonical(*parsed.tree) == canonical(*parse_math(text).tree), "the same every time");
  decimal_value(*parsed.tree);
}

}  // namespace grpo::fuzz
