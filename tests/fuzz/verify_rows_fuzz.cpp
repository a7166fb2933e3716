// libFuzzer target: any bytes as a row of grpo verify math, extract, latex and reward. Error is the
// one way to fail. Built and run by tests/fuzz/run_reward.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "reward/verify_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace grpo;
  const auto attempt = [](const auto& work) {
    try {
      print_json(work());
    } catch (const Error&) {
    }
  };
  const std::string line(reinterpret_cast<const char*>(data), size);
  Json row;
  try {
    row = parse_json(line, "fuzz:1");
  } catch (const Error&) {
    return 0;
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
  return 0;
}
