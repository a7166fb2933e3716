#pragma once

#include <string>

#include "base/json.h"
#include "reward/code/judge.h"

namespace grpo::reward::code {

/// The rows of `grpo verify code` (docs/commands.md):
/// in {id, response | code, tests, language = "python", limits?}
/// out {id, verdict, score, passed, total, cases: [{status, seconds, message}], sandbox, seconds},
/// or {id, error} for tests or limits that are not well formed.
/// `defaults`: limits of rows that do not say. Throws Error (exit code 2) that begins with `where`
/// if `response` and `code` are both missing, or `tests` is.
OrderedJson verify_code_row(CodeJudge& judge, const Json& row, const Limits& defaults,
                            const std::string& where);

}  // namespace grpo::reward::code
