#pragma once

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/file.h"
#include "base/folder_lock.h"
#include "monitor/jsonl.h"
#include "monitor/monitor.h"
#include "rl/recipe.h"

namespace grpo::rl {

/// Keys that a resumed run may have otherwise, by their beginnings: they change what is kept and
/// how fast a run is, and no result.
inline constexpr std::array kFreeOnResume = {"checkpoint.", "log.", "rollout.engine.", "engine."};

/// The keys of `before` and `now` that differ and must not. More `steps` are a longer run where the
/// learning rate does not depend on their number.
template <class Recipe>
std::vector<std::string> keys_that_bar_resume(const Recipe& before, const Recipe& now) {
  std::vector<std::string> keys = differing_keys(before, now);
  std::erase_if(keys, [&](const std::string& key) {
    if constexpr (requires { now.schedule; }) {
      if (key == "steps") {
        return now.steps > before.steps && now.schedule.decay == Decay::kConstant;
      }
    }
    return std::any_of(kFreeOnResume.begin(), kFreeOnResume.end(),
                       [&](const char* beginning) { return key.starts_with(beginning); });
  });
  return keys;
}

/// What the command line says about a run.
struct RunOptions {
  std::filesystem::path output;
  bool resume = false;
  std::optional<int64_t> stop_after;  ///< leave after this step, counted from the run's start
  bool quiet = false;
  std::string command;  ///< as typed, kept with the run
};

/// A run's folder: recipe.yaml (resolved), run.json (version, commit, command, seed,
/// machine; of every process that resumed it, too), metrics.jsonl, samples.jsonl, log.txt,
/// checkpoints/.
class Run {
 public:
  /// Checks that the folder is free, or with `resume` that it is there and holds the same recipe
  /// (keys_that_bar_resume);
  /// then it is locked before anything in it is read. `recipe` is the resolved one. Throws Error
  /// (exit code 2) for a folder in use, a missing one, or changed keys, which it names. Nothing
  /// else is written before `open`.
  template <class Recipe>
  Run(const RunOptions& options, const Recipe& recipe) : options_(options) {
    if (options.resume) {
      const auto file = recipe_file();
      check_input(std::filesystem::exists(file), "--resume: {} does not exist", file.string());
      lock();
      const auto changed = keys_that_bar_resume(read_config<Recipe>(file, {}), recipe);
      check_input(changed.empty(), "--resume: the recipe differs from {} in: {}", file.string(),
                  fmt::join(changed, ", "));
    } else {
      check_input(!std::filesystem::exists(recipe_file()),
                  "--output: {} holds a run already; use --resume or another folder",
                  options.output.string());
      seed_ = recipe.seed;
    }
    resolved_recipe_ = print_config(recipe);
  }

  /// Makes the folder, locked, with recipe.yaml and run.json; `open` does it for a run that is not
  /// resumed.
  void create();
  /// Adds this process to run.json.
  void note_resumed(int64_t last_step) const;

  /// Makes the folder, or on resume writes the recipe as it is now. Opens samples and metrics, on
  /// resume cutting off samples after `last_step` and records after `last_record`, and the progress
  /// display.
  void open(int64_t last_step, int64_t last_record, int64_t total_steps, const LogConfig& log);

  const std::filesystem::path& folder() const { return options_.output; }
  const RunOptions& options() const { return options_; }
  monitor::Monitor& monitor() { return monitor_; }
  monitor::JsonlFile& samples() { return *samples_; }
  /// Brings the lines written so far to the disk.
  void sync();
  /// What is going on within a step; shown on terminals only.
  void note(std::string_view text);

 private:
  /// Throws Error (exit code 2) when another process has the folder.
  void lock();
  std::filesystem::path recipe_file() const { return options_.output / "recipe.yaml"; }

  RunOptions options_;
  FolderLock lock_;
  std::string resolved_recipe_;
  int64_t seed_ = 0;  // of a fresh run
  monitor::Monitor monitor_;
  std::unique_ptr<monitor::JsonlFile> metrics_, samples_;
  std::function<void(std::string_view)> note_;
};

/// Peak and present resident memory of this process, MiB.
double peak_memory_mib();
double resident_memory_mib();

}  // namespace grpo::rl
