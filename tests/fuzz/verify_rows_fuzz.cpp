// Any bytes as a row of grpo verify math, extract, latex and reward.

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "reward/verify_rows.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void verify_rows(std::string_view bytes) {
  const auto attempt = [](const auto& work) {
    try {
      print_json(work());
    } catch (const Error&) {
    }
  };
  const std::string line(bytes);
  Json row;
  try {
    row = parse_json(line, "fuzz:1");
  } catch (const Error&) {
    return;
  }
  attempt([&] { return reward::verify_math_row(row, "fuzz:1", 200); });
  attempt([&] { return reward::unreadable_gold_row(row, "fuzz:1").value_or(OrderedJson()); });
  attempt([&] { return reward::verify_extract_row(row, "fuzz:1"); });
  attempt([&] { return reward::verify_latex_row(row, "fuzz:1"); });
  for (const auto* name : {"format_reward", "tag_count_reward", "cosine_scaled_reward",
                           "repetition_penalty_reward", "soft_overlong_punishment", "len_reward",
                           "code_format_reward", "reasoning_steps_reward", "geo3k"}) {
    attempt([&] { return reward::verify_reward_row(row, name, "fuzz:1"); });
  }
}

}  // namespace grpo::fuzz
