#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/program.h"

/// Runs of the program for tests: recipes for a small model, and runs in the background.
namespace grpo::testing {

namespace fs = std::filesystem;

inline const fs::path kSource = GRPO_SOURCE_DIR;

/// A two-layer DeepSeek-V3: latent attention, and a mixture of experts with choice bias.
inline void write_model(const fs::path& folder) {
  fs::create_directories(folder);
  for (const char* file : {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
    fs::copy_file(kSource / "recipes/tiny/model" / file, folder / file);
  }
  Json config = parse_json(read_file(kSource / "recipes/tiny/model/config.json"), "config.json");
  for (const auto& [key, value] : std::map<std::string, int>{{"hidden_size", 32},
                                                             {"intermediate_size", 48},
                                                             {"moe_intermediate_size", 16},
                                                             {"num_hidden_layers", 2},
                                                             {"kv_lora_rank", 12},
                                                             {"qk_nope_head_dim", 8},
                                                             {"qk_rope_head_dim", 4},
                                                             {"v_head_dim", 8}}) {
    config[key] = value;
  }
  write_atomically(folder / "config.json", config.dump());
}

/// Recipes for that model, in a folder of their own.
class Recipes {
 public:
  Recipes() { write_model(folder_.path() / "model"); }

  /// Answers of random weights are never right: what varies is their length.
  fs::path grpo() const {
    return folder_.file("grpo.yaml", common() + R"(steps: 6
rollout: {questions: 3, group_size: 4, max_new_tokens: 24, engine: {max_running: 5}}
reward: {overlong: 1.0, overlong_max_length: 24, overlong_buffer: 24}
checkpoint: {every: 2, keep: 2}
)");
  }
  fs::path sft() const {
    return folder_.file("sft.yaml", common() + R"(steps: 6
batch: 4
checkpoint: {every: 2, keep: 2}
)");
  }
  fs::path file(const std::string& name, const std::string& text) const {
    return folder_.file(name, text);
  }
  fs::path path(const std::string& name) const { return folder_.path() / name; }

  std::string common() const {
    return "seed: 3\nmodel: {path: " + path("model").string() +
           R"(, random_init: true, init_std: 0.1}
data:
  - name: arithmetic
    generator: {family: arithmetic, operations: 2}
    count: 50
update: {max_tokens: 128}
optimizer: {learning_rate: 0.003}
schedule: {decay: cosine, warmup_steps: 2}
moe: {bias_update_rate: 0.01, balance_loss: 0.001}
eval:
  every: 3
  data: [{name: held-out, generator: {family: arithmetic, operations: 2}, split: held_out, count: 4}]
  max_new_tokens: 12
)";
  }

 private:
  test::TemporaryFolder folder_;
};

inline const Recipes& recipes() {
  static const Recipes recipes;
  return recipes;
}

/// metrics.jsonl without what depends on the clock and the machine's memory.
inline std::vector<OrderedJson> metrics(const fs::path& run) {
  std::vector<OrderedJson> rows;
  std::istringstream lines(read_file(run / "metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    OrderedJson row = OrderedJson::object();
    const auto parsed = parse_json<OrderedJson>(line, "metrics.jsonl");
    for (const auto& [key, value] : parsed.items()) {
      if (!key.starts_with("timing_s/") && !key.starts_with("perf/")) row[key] = value;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

inline size_t num_lines(const fs::path& file) {
  if (!fs::exists(file)) return 0;
  const std::string text = read_file(file);
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// The program in the background; `signal` it or let it end.
class Background {
 public:
  /// `before`: shell commands that go ahead.
  explicit Background(const std::string& arguments, const fs::path& log,
                      const std::string& before = "") {
    pid_ = fork();
    if (pid_ == 0) {
      const std::string command =
          before + "exec " + GRPO_BINARY + " " + arguments + " > " + log.string() + " 2>&1";
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
  }
  void signal(int number) const { kill(pid_, number); }
  /// Exit code, or minus the signal that ended it.
  int wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

/// Until `file` has so many lines (or a minute has gone by).
inline void await_lines(const fs::path& file, size_t lines) {
  for (int i = 0; i < 60000 && num_lines(file) < lines; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace grpo::testing
