#include "rl/run.h"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "base/json.h"
#include "base/log.h"
#include "base/proc_file.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "monitor/tensorboard.h"
#include "monitor/terminal.h"
#include "rl/version.h"

namespace grpo::rl {

namespace fs = std::filesystem;

namespace {

/// What computes, and where: results may depend on nothing else.
OrderedJson this_process(const std::string& command) {
  utsname system{};
  uname(&system);
  return {{"version", kVersion},
          {"commit", commit()},
          {"command", command},
          {"machine",
           {{"host", system.nodename},
            {"system", std::string(system.sysname) + " " + system.release},
            {"cpu", proc_value("/proc/cpuinfo", "model name")},
            {"instruction_set", kernels::cpu::name(kernels::cpu::isa())},
            {"threads", kernels::num_threads()}}}};
}

}  // namespace

void Run::lock() {
  check_input(lock_.take(options_.output), "--output: {}: another process is running this run",
              options_.output.string());
}

void Run::create() {
  const fs::path& folder = options_.output;
  std::error_code error;
  fs::create_directories(folder, error);
  check_input(!error, "--output: {}: {}", folder.string(), error.message());
  lock();
  // Another process may have begun a run here since the constructor looked.
  check_input(!fs::exists(recipe_file()),
              "--output: {} holds a run already; use --resume or another folder", folder.string());
  for (const char* name : {"metrics.jsonl", "samples.jsonl", "results.json"}) {
    check_input(!fs::exists(folder / name),
                "--output: {} holds {} of another run; choose another folder", folder.string(),
                name);
  }
  const fs::path checkpoints = folder / "checkpoints";
  check_input(!fs::exists(checkpoints) || fs::is_empty(checkpoints),
              "--output: {} holds checkpoints of another run; choose another folder",
              folder.string());
  write_atomically(recipe_file(), resolved_recipe_);
  OrderedJson run = this_process(options_.command);
  run["seed"] = seed_;
  write_atomically(folder / "run.json", run.dump(2) + "\n");
}

void Run::note_resumed(int64_t last_step) const {
  const fs::path file = options_.output / "run.json";
  auto run = fs::exists(file) ? parse_json<OrderedJson>(read_file(file), file.string())
                              : OrderedJson::object();
  OrderedJson process = this_process(options_.command);
  process["after_step"] = last_step;
  run["resumed"].push_back(std::move(process));
  write_atomically(file, run.dump(2) + "\n");
}

void Run::open(int64_t last_step, int64_t last_record, int64_t total_steps, const LogConfig& log) {
  if (options_.resume) {
    write_atomically(recipe_file(), resolved_recipe_);
    note_resumed(last_step);
  } else {
    create();
  }
  configure_log({.least = options_.quiet ? LogLevel::warning : LogLevel::info,
                 .file = options_.output / "log.txt"});
  const auto mode =
      options_.resume ? monitor::JsonlFile::Open::resume : monitor::JsonlFile::Open::create;
  metrics_ =
      std::make_unique<monitor::JsonlFile>(options_.output / "metrics.jsonl", mode, last_record);
  samples_ =
      std::make_unique<monitor::JsonlFile>(options_.output / "samples.jsonl", mode, last_step);
  if (last_record >= 1 && metrics_->last_kept() != last_record) {
    log_warning("{}: ends at step {}, the checkpoint stands after step {}: records are missing",
                (options_.output / "metrics.jsonl").string(), metrics_->last_kept().value_or(0),
                last_record);
  }
  monitor_.add([this](const monitor::Record& record) { metrics_->write(record); });
  if (log.tensorboard) {
    auto board = std::make_shared<monitor::EventFile>(
        options_.output / "tensorboard",
        options_.resume ? std::optional<int64_t>(last_record + 1) : std::nullopt);
    monitor_.add([board](const monitor::Record& record) { board->write(record); });
  }
  if (!options_.quiet) {
    monitor::ProgressOptions options;
    options.total_steps = total_steps;
    auto progress = std::make_shared<monitor::TerminalProgress>(options);
    monitor_.add([progress](const monitor::Record& record) { progress->write(record); });
    note_ = [progress](std::string_view text) { progress->note(text); };
  }
}

void Run::sync() {
  metrics_->sync();
  samples_->sync();
}

void Run::note(std::string_view text) {
  if (note_) note_(text);
}

double peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

double resident_memory_mib() {
  std::ifstream file("/proc/self/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

}  // namespace grpo::rl
