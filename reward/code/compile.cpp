#include "reward/code/compile.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "reward/code/run.h"

namespace grpo::reward::code {
namespace {

/// <bits/stdc++.h> with -O2 takes one or two seconds and 300 MiB.
Limits compile_limits() {
  Limits limits;
  limits.seconds = 20;
  limits.memory_mib = 2048;
  limits.processes = 8;  // driver, compiler, assembler, linker
  limits.file_bytes = 64 << 20;
  return limits;
}

/// The compiler's first complaint, without the name of the file.
std::string first_error(const std::string& words) {
  for (size_t start = 0; start < words.size();) {
    const size_t end = std::min(words.find('\n', start), words.size());
    const auto line = words.substr(start, end - start);
    if (line.find("error") != std::string::npos || line.find("undefined") != std::string::npos) {
      return line.substr(line.starts_with("program.cpp:") ? 12 : 0).substr(0, 500);
    }
    start = end + 1;
  }
  return words.empty() ? "no message" : words.substr(0, 500);
}

}  // namespace

Compiled compile_cpp(Worker& worker, const std::string& compiler, std::string_view source) {
  Compiled compiled;
  Descriptor file(memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  check(static_cast<bool>(file), "sandbox: memfd_create");
  Role role;
  role.name = "compile";
  role.task = {{"source", source},
               {"command",
                {compiler, "-std=c++17", "-O2", "-static", "-w", "-fmax-errors=1", "-o", "program",
                 "program.cpp"}}};
  role.filter = "subprocess";
  role.channels = {file.get()};
  const Limits limits = compile_limits();
  Run run(worker, limits, {std::move(role)});
  const auto event = run.wait();
  if (event != Run::Event::ended) {
    run.kill();
    compiled.failure = {CaseStatus::timeout, run.end(0).cpu_seconds,
                        fmt::format("compiling took more than {} s", limits.seconds)};
    return compiled;
  }
  check(run.end(0).started, "sandbox: {}", run.errors());
  if (run.end(0).exit_status != 0) {
    compiled.failure = {CaseStatus::exception, run.end(0).cpu_seconds,
                        "does not compile: " + first_error(run.errors())};
    return compiled;
  }
  // Every fork has ended: nobody else can write to it.
  const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  check(fcntl(file.get(), F_ADD_SEALS, seals) == 0, "sandbox: seal the program");
  struct stat made {};
  check(fstat(file.get(), &made) == 0 && made.st_size > 0, "sandbox: the compiler made no program");
  compiled.executable = std::move(file);
  compiled.failure.status = CaseStatus::passed;
  return compiled;
}

}  // namespace grpo::reward::code
