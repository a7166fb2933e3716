#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reward/code/sandbox.h"

namespace grpo::reward::code {

struct JailBind {
  enum class Kind { folder, file, device };
  std::string source;
  std::string target;
  Kind kind;
  int tree = -1;  // the detached mount, or the opened path
};

/// All that a jail's first process needs, prepared by its parent: between clone and exec a child of
/// a process with threads may neither allocate nor lock.
struct JailLayout {
  Level level = Level::full;
  std::vector<JailBind> binds;
  std::vector<std::string> folders;                        // parents first
  std::vector<std::pair<std::string, std::string>> links;  // name, target
  const char* executable = nullptr;
  const char* const* arguments = nullptr;
  const char* const* environment = nullptr;
  std::vector<int> descriptors;  // become 0, 1, …
  std::vector<int> moved;        // room for as many
  int change_user = -1;          // without namespaces: become this user; -1: stay
  int go = -1;
  int failed = -1;

  void prepare() { moved.resize(descriptors.size()); }
};

struct JailFailure {
  char step[56];
  int error;
};

/// Builds the jail around this process and runs the executable. On failure writes a JailFailure to
/// `failed` and ends.
[[noreturn]] void run_jail_child(JailLayout& layout);

}  // namespace grpo::reward::code
