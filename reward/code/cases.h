#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "reward/code/judge.h"
#include "reward/code/plan.h"
#include "reward/code/run.h"

namespace grpo::reward::code {

/// One way of judging each: a program's cases on one worker. They throw Error where the sandbox
/// fails. `results` has an entry per case; entries that are not `not_run` are left alone.

/// What a fork is to run on standard input.
struct ScriptProgram {
  std::string_view source;  // Python's
  int executable = -1;      // of another language: a file that holds it
};

/// Standard input: one fork for the case. Output may be twice as long as what is expected, whatever
/// the limits say.
CaseResult run_script_case(Worker& worker, const CodeTests& tests, size_t number,
                           const ScriptProgram& program, Limits limits);

/// Calls: as many as one fork serves. After a case that ends the fork (a time-out, a crash) the
/// rest stays `not_run` for another go. `stop`: nor does anything run after a failure.
void run_calls(Worker& worker, const CodeTests& tests, const Plan& plan, std::string_view program,
               const Limits& limits, bool stop, std::vector<CaseResult>& results);

/// Tests that stay as they are written: one fork for the program, one for the tests, joined by a
/// pair of sockets.
void run_examination(Worker& worker, const CodeTests& tests, const Plan& plan,
                     std::string_view program, const Limits& limits,
                     std::vector<CaseResult>& results);

}  // namespace grpo::reward::code
