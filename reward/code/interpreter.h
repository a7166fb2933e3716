#pragma once

#include <string>
#include <vector>

namespace grpo::reward::code {

/// The candidates' Python: what it is, and the only files of this machine that it needs.
struct Interpreter {
  std::string executable;          // the real one, not a launcher script
  std::string version;             // "3.11.2"
  std::vector<std::string> trees;  // folders: the standard library
  std::vector<std::string> files;  // executable, shared libraries as the loader names them
  bool has_safe_path = false;      // -P is known (3.11)
};

/// Asks `python` (empty: /usr/bin/python3, else python3 on PATH) once where its parts lie. Throws
/// Error (exit code 69) if there is none or it lacks modules that the sandbox needs.
Interpreter find_interpreter(const std::string& python);

}  // namespace grpo::reward::code
