#pragma once

#include <string>
#include <vector>

namespace grpo::reward::code {

/// The C++ compiler, and the only files of this machine that it needs to make a static program.
struct Compiler {
  std::string executable;
  std::vector<std::string> trees;  // headers, the compiler's own folders
  std::vector<std::string> files;  // assembler, linker, shared libraries of all of them, libc.a …
};

/// Asks `wanted` (empty: /usr/bin/g++, else PATH's g++) where its parts lie. Throws Error (exit
/// code 69) if it is missing, or one of its parts is.
Compiler find_compiler(const std::string& wanted);

}  // namespace grpo::reward::code
