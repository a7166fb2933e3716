#include "reward/c_api.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "base/enum_names.h"
#include "base/error.h"
#include "reward/code/judge_rows.h"
#include "reward/extract.h"
#include "reward/math/math_verifier.h"
#include "reward/verify_rows.h"

namespace {

using namespace grpo;

int64_t milliseconds(double seconds) {
  return static_cast<int64_t>(std::clamp(seconds, 0.001, 3600.0) * 1e3);
}

int verdict(reward::Outcome outcome) {
  switch (outcome) {
    case reward::Outcome::correct:
      return GRPO_CORRECT;
    case reward::Outcome::timeout:
      return GRPO_TIMEOUT;
    case reward::Outcome::unverifiable:
      return GRPO_UNVERIFIABLE;
    case reward::Outcome::wrong:
    case reward::Outcome::truncated:
    case reward::Outcome::unsupported:
    case reward::Outcome::sandbox_error:
      break;  // the last three are never said of mathematics
  }
  return GRPO_WRONG;
}

char* copied(const std::string& text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

char* error_text(const char* what) { return copied(print_json(OrderedJson{{"error", what}})); }

}  // namespace

int grpo_verify_math(const char* gold, const char* answer, const char* extraction,
                     double timeout_s) {
  try {
    reward::math::MathOptions options;
    options.timeout_ms = milliseconds(timeout_s);
    const auto where = reward::parse_extraction(extraction == nullptr ? "none" : extraction);
    return verdict(reward::math::judge({gold == nullptr ? "" : gold},
                                       answer == nullptr ? "" : answer, where, options)
                       .outcome);
  } catch (const std::exception&) {
    return GRPO_BAD_ARGUMENT;
  }
}

char* grpo_verify_math_row(const char* row, double timeout_s) {
  try {
    const Json parsed = parse_json(row == nullptr ? "" : row, "row");
    return copied(print_json(reward::verify_math_row(parsed, "row", milliseconds(timeout_s))));
  } catch (const std::exception& error) {
    return error_text(error.what());
  }
}

struct grpo_code_judge {
  explicit grpo_code_judge(const grpo::reward::code::CodeJudgeOptions& options) : judge(options) {}
  grpo::reward::code::CodeJudge judge;
};

grpo_code_judge* grpo_code_judge_new(const char* level, int workers, char** error) {
  try {
    reward::code::CodeJudgeOptions options;
    const std::string name = level == nullptr ? "full" : level;
    check_input(name == "full" || name == "landlock", "level: expected full or landlock, got {}",
                name);
    check_input(workers > 0 && workers <= 1024, "workers: expected 1 to 1024, got {}", workers);
    options.sandbox.level = *find_named<reward::code::Level>(name);
    options.sandbox.max_workers = static_cast<size_t>(workers);
    return new grpo_code_judge(options);
  } catch (const std::exception& failure) {
    if (error != nullptr) *error = copied(failure.what());
    return nullptr;
  }
}

char* grpo_verify_code(grpo_code_judge* judge, const char* row) {
  try {
    check_input(judge != nullptr, "no judge");
    const Json parsed = parse_json(row == nullptr ? "" : row, "row");
    return copied(print_json(reward::code::verify_code_row(judge->judge, parsed, {}, "row")));
  } catch (const std::exception& error) {
    return error_text(error.what());
  }
}

void grpo_code_judge_free(grpo_code_judge* judge) { delete judge; }

void grpo_free(char* text) { std::free(text); }
