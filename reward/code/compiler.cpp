#include "reward/code/compiler.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "reward/code/command.h"

namespace grpo::reward::code {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemedy = "(Debian: apt-get install g++)";

std::string line_of(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

/// What g++ answers to -print-…-name: a path, or the bare name when it leaves the search to PATH.
std::string part(const std::string& gcc, const std::string& question, const std::string& name) {
  const auto answer = output_of({gcc, fmt::format("-print-{}-name={}", question, name)});
  check(answer.has_value(), "language cpp: {} does not run {}", gcc, kRemedy);
  std::string path = line_of(*answer);
  if (path == name && question == "prog") path = "/usr/bin/" + name;
  if (path.front() != '/' || !fs::exists(path)) return "";
  return fs::path(path).lexically_normal().string();
}

std::string needed_part(const std::string& gcc, const std::string& question,
                        const std::string& name) {
  std::string path = part(gcc, question, name);
  if (path.empty()) {
    throw Error(fmt::format("language cpp: {} has no {} {}", gcc, name, kRemedy), 69);
  }
  return path;
}

/// The folders that "#include <…>" searches.
std::vector<std::string> header_folders(const std::string& gcc) {
  const auto told =
      output_of({"/bin/sh", "-c", "exec \"$0\" -E -x c++ -v /dev/null 2>&1", gcc}).value_or("");
  std::istringstream lines(told);
  std::vector<std::string> folders;
  bool listed = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#include <...>")) {
      listed = true;
    } else if (line.starts_with("End of search list")) {
      break;
    } else if (listed && fs::is_directory(line.substr(1))) {
      folders.push_back(fs::canonical(line.substr(1)).string());
    }
  }
  return folders;
}

/// The shared libraries of a program, and its loader.
void add_libraries(const std::string& program, std::vector<std::string>& files) {
  std::istringstream words(output_of({"ldd", program}).value_or(""));
  for (std::string word; words >> word;) {
    if (word.front() == '/' && fs::exists(word)) files.push_back(word);
  }
}

}  // namespace

Compiler find_compiler(const std::string& wanted) {
  Compiler found;
  std::vector<std::string> names{wanted};
  // A g++ of PATH may be a launcher, such as ccache's.
  if (wanted.empty()) names = {"/usr/bin/g++", "g++"};
  for (const auto& name : names) {
    const auto where = output_of({"/bin/sh", "-c", "command -v \"$0\"", name});
    if (!where) continue;
    found.executable = line_of(*where);
    break;
  }
  if (found.executable.empty()) {
    throw Error(fmt::format("language cpp: {} is missing {}", fmt::join(names, " or "), kRemedy),
                69);
  }
  const auto& gcc = found.executable;
  found.files.push_back(gcc);
  for (const char* name : {"as", "ld", "cc1plus", "collect2"}) {
    found.files.push_back(needed_part(gcc, "prog", name));
  }
  const auto programs = found.files;
  for (const auto& program : programs) add_libraries(program, found.files);
  for (const char* name : {"crt1.o", "crti.o", "crtn.o", "libc.a", "libm.a"}) {
    found.files.push_back(needed_part(gcc, "file", name));
  }
  // Where libm.a is a script that names others, and what older systems keep apart.
  const fs::path libraries = fs::path(found.files.back()).parent_path();
  for (const auto& entry : fs::directory_iterator(libraries)) {
    const std::string name = entry.path().filename().string();
    const bool needed = name.starts_with("libm-") || name.starts_with("libmvec") ||
                        name.starts_with("libpthread") || name.starts_with("librt.") ||
                        name.starts_with("libdl.");
    if (needed && name.ends_with(".a")) found.files.push_back(entry.path().string());
  }
  found.trees = header_folders(gcc);
  for (const char* name : {"libstdc++.a", "crtbeginT.o"}) {
    found.trees.push_back(fs::path(needed_part(gcc, "file", name)).parent_path().string());
  }
  found.trees.push_back(fs::path(needed_part(gcc, "prog", "cc1plus")).parent_path().string());
  std::sort(found.trees.begin(), found.trees.end());
  found.trees.erase(std::unique(found.trees.begin(), found.trees.end()), found.trees.end());
  return found;
}

}  // namespace grpo::reward::code
