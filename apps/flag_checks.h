#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "base/number.h"

namespace grpo::apps {

/// A number that is at least `low`. (CLI11's own bounds print the largest double in full.)
inline CLI::Validator number_from(double low) {
  return CLI::Validator(
      [low](const std::string& text) {
        const auto value = parse_number(text);
        if (value && *value >= low) return std::string();
        return fmt::format("expected a number of at least {}, got {}", low, text);
      },
      fmt::format(">= {}", low));
}

}  // namespace grpo::apps
