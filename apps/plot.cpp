#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/commands.h"
#include "apps/flag_checks.h"
#include "base/file.h"
#include "base/json_lines.h"
#include "monitor/svg_plot.h"

namespace grpo::apps {
namespace {

namespace fs = std::filesystem;

struct Flags {
  std::vector<std::string> runs;
  std::string metric, output;
};

/// One run's course of a metric; steps without it are left out.
monitor::Series read_series(const fs::path& run, const std::string& metric) {
  const fs::path file = fs::is_directory(run) ? run / "metrics.jsonl" : run;
  // "runs/a/" has no file name of its own.
  monitor::Series series{(run / "").parent_path().filename().string(), {}, {}};
  JsonLines lines(file);
  while (const auto line = lines.next()) {
    const JsonObject row(*line, lines.where());
    const auto value = row.optional<double>(metric);
    if (!value) continue;
    series.x.push_back(row.required<double>("step"));
    series.y.push_back(*value);
  }
  check_input(!series.x.empty(), "{}: no step has the metric {}", file.string(), metric);
  return series;
}

void plot(const Flags& flags) {
  check_output(flags.output);
  check_input(!fs::is_directory(flags.output), "--output {}: is a folder", flags.output);
  std::vector<monitor::Series> series;
  for (const auto& run : flags.runs) series.push_back(read_series(run, flags.metric));
  const monitor::PlotOptions options{
      .title = flags.metric, .x_label = "step", .y_label = flags.metric};
  write_atomically(flags.output, monitor::svg_plot(options, series));
}

}  // namespace

void add_plot(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("plot", "a metric's course over steps as an SVG chart");
  auto flags = std::make_shared<Flags>();
  command->add_option("runs", flags->runs, "run folders, or metrics.jsonl files")->required();
  command->add_option("--metric", flags->metric, "key of metrics.jsonl")->required();
  command->add_option("--output", flags->output, "file to write")->required();
  command->callback([&chosen, flags] { chosen.work = [flags] { plot(*flags); }; });
}

}  // namespace grpo::apps
