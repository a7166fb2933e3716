#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "apps/command_words.h"
#include "apps/commands.h"
#include "base/error.h"
#include "base/log.h"
#include "rl/interrupt.h"
#include "rl/version.h"

namespace {

/// Says why the program ends, on the terminal and in a run's log. Never throws: the terminal may be
/// gone, the disk full.
void tell(grpo::LogLevel level, const std::string& text) {
  const std::string line = (level == grpo::LogLevel::error ? "grpo: " : "") + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  grpo::log_to_file(level, text);
}

/// Throws Error where what was printed has not arrived, as on a full disk. A reader that left has
/// seen enough.
void flush_results() {
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  grpo::check(arrived || errno == EPIPE, "standard output: cannot write: {}", std::strerror(errno));
}

}  // namespace

int main(int argc, char** argv) {
  using namespace grpo;
  // ATen cuts long sums by its number of threads, and a result must not depend on that. What takes
  // time runs in kernels/, which have threads of their own.
  at::set_num_threads(1);
  CLI::App app{"grpo: trains language models to reason by group-relative policy optimisation",
               "grpo"};
  app.set_version_flag("--version", rl::kVersion);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help of all commands");
  apps::Chosen chosen;
  for (int i = 0; i < argc; ++i) {
    chosen.command_line += (i > 0 ? " " : "") + std::string(i == 0 ? "grpo" : argv[i]);
  }
  apps::add_train(app, chosen);
  apps::add_eval(app, chosen);
  apps::add_generate(app, chosen);
  apps::add_inspect(app, chosen);
  apps::add_verify(app, chosen);
  apps::add_convert(app, chosen);
  apps::add_doctor(app, chosen);
  apps::add_docs(app, chosen);
  apps::add_plot(app, chosen);
  try {
    if (const CLI::App* incomplete = apps::incomplete_command(app, argc, argv)) {
      fmt::print(stderr, "{}", incomplete == &app ? app.help() : incomplete->help(app.get_name()));
      return 2;
    }
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (app.exit(error) != 0) return 2;
      chosen.work = [] {};  // --help and --version are printed
    }
    chosen.work();
    flush_results();
    return 0;
  } catch (const rl::Interrupted&) {
    tell(LogLevel::warning, "interrupted; --resume goes on");
    return rl::interrupt_exit_code();
  } catch (const Error& error) {
    tell(LogLevel::error, error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    tell(LogLevel::error, "out of memory");
    return 1;
  } catch (const std::exception& error) {
    tell(LogLevel::error, error.what());
    return 1;
  }
}
