#pragma once

#include <string_view>

#include "reward/code/descriptor.h"
#include "reward/code/judge.h"
#include "reward/code/worker.h"

namespace grpo::reward::code {

/// A program's executable, or why there is none.
struct Compiled {
  Descriptor executable;  // a memory file, sealed against changes
  CaseResult failure;     // passed: there is one
};

/// Compiles C++17 to a static executable, on a worker whose jail shows a compiler at `compiler`.
/// Throws Error where the sandbox fails.
Compiled compile_cpp(Worker& worker, const std::string& compiler, std::string_view source);

}  // namespace grpo::reward::code
