#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "apps/commands.h"
#include "apps/device_flag.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/log.h"
#include "base/proc_file.h"
#include "kernels/device.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "reward/code/judge.h"
#include "rl/version.h"

namespace grpo::apps {
namespace {

namespace cpu = kernels::cpu;

double gib(double bytes) { return bytes / (1 << 30); }

void print_line(std::string_view name, std::string_view value) {
  fmt::print("{:<18}{}\n", name, value);
}

void print_cpu() {
  std::string sets;
  for (const auto isa : {cpu::Isa::kGeneric, cpu::Isa::kAvx2, cpu::Isa::kAvx512}) {
    if (cpu::available(isa)) sets += (sets.empty() ? "" : ", ") + std::string(cpu::name(isa));
  }
  print_line("cpu", proc_value("/proc/cpuinfo", "model name"));
  print_line("instruction set",
             fmt::format("{} (available: {}; choose by GRPO_CPU)", cpu::name(cpu::isa()), sets));
  print_line("threads", fmt::format("{} (choose by GRPO_THREADS)", kernels::num_threads()));
}

void print_room() {
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  const std::string available_kb = proc_value("/proc/meminfo", "MemAvailable");  // "23696488 kB"
  print_line("memory", fmt::format("{:.1f} GiB, {:.1f} GiB available",
                                   gib(page * static_cast<double>(sysconf(_SC_PHYS_PAGES))),
                                   gib(1024 * std::atof(available_kb.c_str()))));
  struct statvfs disk {};
  const std::string here = std::filesystem::current_path().string();
  check(statvfs(here.c_str(), &disk) == 0, "{}: cannot ask for its free space", here);
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  print_line("disk", fmt::format("{:.1f} GiB free in {}", gib(free), here));
}

/// The strongest level that a program really starts in.
std::string sandbox() {
  using reward::code::Level;
  std::string missing;
  for (const Level level : {Level::full, Level::landlock}) {
    try {
      reward::code::CodeJudgeOptions options;
      options.sandbox.level = level;
      const reward::code::CodeJudge judge(options);
      return name_of(level) + (missing.empty() ? "" : "; not full: " + missing);
    } catch (const Error& error) {
      if (missing.empty()) missing = error.what();
    }
  }
  return "none for programs: " + missing;
}

void doctor(const std::string& device) {
  print_line("grpo", rl::kVersion);
  print_cpu();
  print_room();
  const std::string missing = kernels::cuda::why_not();
  print_line("cuda kernels", missing.empty() ? "available" : "not available: " + missing);
  print_line("sandbox", sandbox());
  print_line("terminal", !isatty(STDERR_FILENO)        ? "no: progress is a line per step"
                         : wants_colour(STDERR_FILENO) ? "yes, with colours"
                                                       : "yes, without colours");
  check_device(device);
}

}  // namespace

void add_doctor(CLI::App& app, Chosen& chosen) {
  CLI::App* command =
      app.add_subcommand("doctor", "what this machine offers; exit code 69 if --device is missing");
  auto device = std::make_shared<std::string>("cpu");
  command->add_option("--device", *device, "device that is needed: cpu | cuda:0");
  command->callback([&chosen, device] { chosen.work = [device] { doctor(*device); }; });
}

}  // namespace grpo::apps
