#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "base/error.h"
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

/// CLI::Range takes NaN for any range.
inline CLI::Validator number_between(double low, double high) {
  return CLI::Validator(
      [low, high](const std::string& text) {
        const auto value = parse_number(text);
        if (value && *value >= low && *value <= high) return std::string();
        return fmt::format("expected a number from {} to {}, got {}", low, high, text);
      },
      fmt::format("{} - {}", low, high));
}

/// Throws Error (exit code 2) for an `--output` that stands in no folder.
inline void check_output(const std::filesystem::path& output) {
  const auto folder = output.parent_path();
  check_input(folder.empty() || std::filesystem::is_directory(folder),
              "--output {}: there is no folder {}", output.string(), folder.string());
}

}  // namespace grpo::apps
