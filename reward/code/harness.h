#pragma once

#include <string_view>
#include <vector>

namespace grpo::reward::code {

/// One file of reward/code/python, held in the program.
struct HarnessModule {
  std::string_view name;  // without .py
  std::string_view source;
};

const std::vector<HarnessModule>& harness_modules();

}  // namespace grpo::reward::code
