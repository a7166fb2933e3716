#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "reward/code/judge.h"

namespace grpo::reward::code {

/// A judge, or nothing and the cause, where the machine cannot give what is asked for.
inline std::unique_ptr<CodeJudge> try_judge(const CodeJudgeOptions& options, std::string& cause) {
  try {
    return std::make_unique<CodeJudge>(options);
  } catch (const Error& error) {
    if (error.exit_code() != 69) throw;
    cause = error.what();
    return nullptr;
  }
}

}  // namespace grpo::reward::code
