#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace grpo::reward {

/// The row's id; null where it has none.
OrderedJson id_of(const Json& row);

/// The rows of `grpo verify …` (docs/commands.md), one JSON object in, one out. Each carries the
/// row's `id`. Throws Error (exit code 2) that begins with `where` on a missing or mistyped field;
/// what a response holds is never an error.

/// in {id, gold | gold_list, prediction | response, extraction?, precision?, tolerance?,
///     tolerance_rel?, strict?, language?, allow_set_relation_comp?}
/// out {id, verdict, score, extracted, rule, seconds}; score is null when unverifiable.
/// `prediction` is a bare answer unless `extraction` says otherwise; `response` a whole answer.
OrderedJson verify_math_row(const Json& row, const std::string& where, int64_t timeout_ms);

/// The same rows, or {id, answer} as data sets have them: {id, gold, error} for the first reference
/// that cannot be judged by mathematics; nothing for a row whose references all can.
std::optional<OrderedJson> unreadable_gold_row(const Json& row, const std::string& where);

/// in {id, text, extraction?} out {id, extracted (null: nothing), rule, seconds}
OrderedJson verify_extract_row(const Json& row, const std::string& where);

/// in {id, latex} out {id, parsed, canonical?, value?, error?, position?, seconds}
OrderedJson verify_latex_row(const Json& row, const std::string& where);

/// in {id, input, params} out {id, value (null: skipped), seconds}
OrderedJson verify_reward_row(const Json& row, const std::string& name, const std::string& where);

}  // namespace grpo::reward
