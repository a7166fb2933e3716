#pragma once

#include <cstdint>
#include <string>

#include "base/config.h"

namespace grpo::reward::code {

/// How programs are judged in a run (recipe keys reward.verifier.code.*). A row's own limits go
/// before `seconds` and `memory_mib`.
struct CodeConfig {
  std::string sandbox = "full";
  int64_t workers = 4;
  double seconds = 4;
  int64_t memory_mib = 512;
  bool partial = false;
  std::string python;
};

template <class Visitor>
void fields(Visitor& v, CodeConfig& c) {
  v("sandbox", c.sandbox,
    "level that keeps programs in (docs/verifier.md); a machine that cannot give it refuses the "
    "run",
    one_of({"full", "landlock"}));
  v("workers", c.workers, "programs judged at the same time", in_range(1, 256));
  v("seconds", c.seconds, "CPU time of one case, where the row does not say; wall: 5 times that",
    in_range(0.01, 3600));
  v("memory_mib", c.memory_mib, "memory of one program, where the row does not say",
    in_range(64, 1 << 20));
  v("partial", c.partial,
    "pay the share of tests passed; else all must pass, and the first failure ends judging");
  v("python", c.python, "interpreter of the programs; empty: the system's, else that of PATH");
}

}  // namespace grpo::reward::code
