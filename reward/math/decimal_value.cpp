#include <arb.h>

#include "reward/math/child.h"
#include "reward/math/evaluate.h"

namespace grpo::reward::math {
namespace {

/// The text of a real number; empty if it is none.
std::string decimal_text(const Expression& e, Budget& budget) {
  for (const slong precision : {128, 512, 2048}) {
    auto value = ball_value(e, {}, precision, budget);
    if (!value) {
      // floor and max may only be undecided at this precision; exact values always print.
      if (const auto exact = exact_value(e, {}, budget)) value = Ball(*exact, precision);
    }
    if (!value) continue;
    if (!value->is_real() && !arb_contains_zero(acb_imagref(value->get()))) return "";
    if (arb_rel_accuracy_bits(acb_realref(value->get())) < 70 &&
        !arb_is_zero(acb_realref(value->get()))) {
      continue;
    }
    char* text = arb_get_str(acb_realref(value->get()), 20, ARB_STR_NO_RADIUS);
    std::string result(text);
    flint_free(text);
    return result;
  }
  return "";
}

}  // namespace

std::optional<std::string> decimal_value(const Expression& e) {
  if (!is_scalar(e)) return std::nullopt;
  const auto text = within_deadline(std::chrono::milliseconds(500),
                                    [&](Budget& budget) { return decimal_text(e, budget); });
  if (!text || text->empty()) return std::nullopt;
  return text;
}

}  // namespace grpo::reward::math
