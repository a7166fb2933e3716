#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reward/code/plain_value.h"
#include "reward/code/tests.h"
#include "reward/code/worker.h"

namespace grpo::reward::code {

/// A test that is one call with plain arguments and a plain answer. The supervisor makes the call
/// and compares; `expected` stays here.
struct PlannedCall {
  std::string name;
  Json arguments;
  Json named;
  std::optional<std::string> expected;      // canonical_value; nothing: equals no answer
  NumberTypes types = NumberTypes::strict;  // how answers are compared with it
};

/// The cases of assertion and function tests: a call, or nothing where the test has to be run as it
/// is written, beside the candidate's sandbox.
using Plan = std::vector<std::optional<PlannedCall>>;

/// Has a fork without candidate take the tests apart. Throws Error if the sandbox fails.
Plan make_plan(Worker& worker, const CodeTests& tests);

}  // namespace grpo::reward::code
