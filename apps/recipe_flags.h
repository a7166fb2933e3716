#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/flag_checks.h"
#include "base/config.h"
#include "base/error.h"

namespace grpo::apps {

/// The flags that every command with a recipe has.
struct RecipeFlags {
  std::string recipe;
  std::vector<std::string> overrides;
  std::string output;
  bool resume = false;
  std::optional<int64_t> stop_after;
  std::optional<int64_t> seed;
  bool dry_run = false;
  bool quiet = false;

  /// `--steps` where the command has steps.
  void add_to(CLI::App& command, bool has_steps) {
    command.add_option("recipe", recipe, "recipe (YAML)")->required();
    command.add_option("--set", overrides, "override a key: a.b=c (repeatable)")
        ->allow_extra_args(false);
    command.add_option("--output", output, "folder of the run (default runs/<recipe>-<time>)");
    command.add_flag("--resume", resume, "go on with the run in --output");
    if (has_steps) {
      command
          .add_option("--steps", stop_after, "stop after this step, counted from the run's start")
          ->check(number_from(1));
    }
    command.add_option("--seed", seed, "instead of the recipe's")->check(number_from(0));
    command.add_flag("--dry-run", dry_run, "print the resolved recipe and leave");
    command.add_flag("--quiet", quiet, "warnings only");
  }

  /// The recipe with --set and --seed. Throws Error (exit code 2) with file, line and key.
  template <class Recipe>
  Recipe read() const {
    check_input(!resume || !output.empty(), "--resume: needs --output, the folder of the run");
    std::vector<std::string> all = overrides;
    if (seed) all.push_back("seed=" + std::to_string(*seed));
    // A resumed run goes on from its checkpoint, wherever the first model is by now.
    return read_config<Recipe>(recipe, all, {{"output_dir", output_folder().string()}},
                               resume ? Paths::may_be_missing : Paths::must_exist);
  }

  /// --output, or runs/<recipe>-<time>.
  std::filesystem::path output_folder() const {
    if (!output.empty()) return output;
    if (default_output_.empty()) {
      char time[32];
      const std::time_t now = std::time(nullptr);
      std::strftime(time, sizeof time, "%Y%m%d-%H%M%S", std::localtime(&now));
      default_output_ =
          "runs/" + std::filesystem::path(recipe).stem().string() + "-" + std::string(time);
    }
    return default_output_;
  }

 private:
  mutable std::string default_output_;  // the same for every call
};

}  // namespace grpo::apps
