#pragma once

#include <fmt/ranges.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/config.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "monitor/jsonl.h"
#include "monitor/monitor.h"
#include "rl/recipe.h"

namespace grpo::rl {

/// What the command line says about a run.
struct RunOptions {
  std::filesystem::path output;
  bool resume = false;
  std::optional<int64_t> stop_after;  ///< leave after this step, counted from the run's start
  bool quiet = false;
  std::string command;  ///< as typed, kept with the run
};

/// A run's folder: recipe.yaml (resolved), run.json (version, seed, machine, command),
/// metrics.jsonl, samples.jsonl, log.txt, checkpoints/.
class Run {
 public:
  /// Checks that the folder is free, or with `resume` that it is there and holds the same recipe;
  /// then it is locked before anything in it is read. `recipe` is the resolved one. Throws Error
  /// (exit code 2) for a folder in use, a missing one, or changed keys, which it names. Nothing
  /// else is written before `open`.
  template <class Recipe>
  Run(const RunOptions& options, const Recipe& recipe) : options_(options) {
    if (options.resume) {
      const auto file = recipe_file();
      check_input(std::filesystem::exists(file), "--resume: {} does not exist", file.string());
      lock();
      const auto changed = differing_keys(read_config<Recipe>(file, {}), recipe);
      check_input(changed.empty(), "--resume: the recipe differs from {} in: {}", file.string(),
                  fmt::join(changed, ", "));
    } else {
      check_input(!std::filesystem::exists(recipe_file()),
                  "--output: {} holds a run already; use --resume or another folder",
                  options.output.string());
      resolved_recipe_ = print_config(recipe);
      seed_ = recipe.seed;
    }
  }

  /// Makes the folder, locked, with recipe.yaml and run.json; `open` does it for a run that is not
  /// resumed.
  void create();

  /// Makes the folder unless it is resumed. Opens samples and metrics, on resume cutting off
  /// samples after `last_step` and records after `last_record`, and the progress display.
  void open(int64_t last_step, int64_t last_record, int64_t total_steps, const LogConfig& log);

  const std::filesystem::path& folder() const { return options_.output; }
  const RunOptions& options() const { return options_; }
  monitor::Monitor& monitor() { return monitor_; }
  monitor::JsonlFile& samples() { return *samples_; }
  /// What is going on within a step; shown on terminals only.
  void note(std::string_view text);

 private:
  /// Throws Error (exit code 2) when another process has the folder.
  void lock();
  std::filesystem::path recipe_file() const { return options_.output / "recipe.yaml"; }

  RunOptions options_;
  FolderLock lock_;
  std::string resolved_recipe_;  // of a fresh run
  int64_t seed_ = 0;
  monitor::Monitor monitor_;
  std::unique_ptr<monitor::JsonlFile> metrics_, samples_;
  std::function<void(std::string_view)> note_;
};

/// Peak and present resident memory of this process, MiB.
double peak_memory_mib();
double resident_memory_mib();

}  // namespace grpo::rl
