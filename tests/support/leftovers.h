#pragma once

#include <dirent.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace grpo::test {

/// What a process holds: the processes below it, its open descriptors by kind, mounts, System V
/// objects, and files named grpo-attack* where programs may write. Two of them are compared to show
/// that nothing was left behind. Descendants that lost their parent are seen only if the caller is
/// a child subreaper (prctl(2)).
struct Leftovers {
  size_t processes = 0;
  std::vector<std::string> zombies;
  std::map<std::string, size_t> descriptors;
  std::set<std::string> files;
  std::string mounts;
  std::string system_v;

  bool operator==(const Leftovers&) const = default;
};

namespace internal {

/// What can be read of a file; empty for /proc/PID/stat of a process that ended since it was opened
/// (a failed read, which istreambuf_iterator would throw).
inline std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

struct Process {
  pid_t parent = 0;
  std::string text;  // state letter, number and name
};

/// Every process of the machine.
inline std::map<pid_t, Process> processes() {
  std::map<pid_t, Process> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string stat = contents("/proc/" + name + "/stat");  // pid (name) state parent …
    const size_t open = stat.find('('), close = stat.rfind(')');
    if (close == std::string::npos) continue;  // it ended meanwhile
    std::istringstream rest(stat.substr(close + 2));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    all[std::stoi(name)] = {
        parent, std::string(1, state) + " " + name + stat.substr(open, close - open + 1)};
  }
  return all;
}

/// "socket:[81]" and "socket:[82]" are of one kind; /proc/… is this very reading.
inline std::string kind_of(const std::string& target) {
  const size_t bracket = target.find('[');
  return target.rfind("/proc/", 0) == 0 ? "" : target.substr(0, bracket);
}

}  // namespace internal

/// Number of every process below this one -> its state letter and name.
inline std::map<pid_t, std::string> descendants() {
  const auto all = internal::processes();
  std::map<pid_t, std::string> below;
  for (const auto& [pid, process] : all) {
    pid_t above = pid;
    // A parent is found in the same reading, or the chain ends: numbers may be used again.
    for (size_t step = 0; step < all.size() && above > 1; ++step) {
      const auto found = all.find(above);
      above = found == all.end() ? 0 : found->second.parent;
      if (above == ::getpid()) {
        below[pid] = process.text;
        break;
      }
    }
  }
  return below;
}

/// This process's own children, workers among them.
inline std::vector<pid_t> children() {
  std::vector<pid_t> own;
  for (const auto& [pid, process] : internal::processes()) {
    if (process.parent == ::getpid()) own.push_back(pid);
  }
  return own;
}

inline Leftovers leftovers() {
  Leftovers out;
  for (const auto& [pid, text] : descendants()) {
    ++out.processes;
    if (text[0] == 'Z') out.zombies.push_back(text);
  }
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone);
    const std::string kind = internal::kind_of(target);
    if (!gone && !kind.empty()) ++out.descriptors[kind];
  }
  for (const std::string folder : {"/tmp", "/var/tmp", "/dev/shm", "/", "."}) {
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
      const std::string name = entry.path().filename();
      if (name.rfind("grpo-attack", 0) == 0) out.files.insert(entry.path());
    }
  }
  out.mounts = internal::contents("/proc/self/mountinfo");
  for (const char* table : {"shm", "msg", "sem"}) {
    std::istringstream lines(internal::contents(std::string("/proc/sysvipc/") + table));
    for (std::string line; std::getline(lines, line);) {
      // 0x6770 and 0x6771, the keys that the attacks use; other programs have segments too.
      if (line.find(" 26480 ") != std::string::npos || line.find(" 26481 ") != std::string::npos) {
        out.system_v += line + "\n";
      }
    }
  }
  return out;
}

/// For messages.
inline std::string describe(const Leftovers& held) {
  std::ostringstream out;
  out << held.processes << " processes:";
  for (const auto& [pid, text] : descendants()) out << ' ' << text;
  out << "; descriptors:";
  for (const auto& [kind, count] : held.descriptors) out << ' ' << kind << " x" << count;
  for (const auto& file : held.files) out << "; file " << file;
  if (!held.system_v.empty()) out << "; System V: " << held.system_v;
  return out.str();
}

}  // namespace grpo::test
