#include "reward/code/interpreter.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "reward/code/descriptor.h"

namespace grpo::reward::code {
namespace {

// Loads every extension module that a program might import, then asks the loader what it loaded.
// Modules for terminals, windows and tests of Python itself are left out.
constexpr const char* kQuestions = R"python(
import ctypes, decimal, fractions, importlib, json, os, re, statistics, sys, sysconfig
dynload = sysconfig.get_config_var("DESTSHARED")
for entry in sorted(os.listdir(dynload)) if dynload and os.path.isdir(dynload) else []:
    name = entry.split(".")[0]
    if re.match("_test|xx|_curses|_tkinter|_dbm|_gdbm|_ctypes_test|readline|nis|ossaudiodev", name):
        continue
    try:
        importlib.import_module(name)
    except ImportError:
        pass
class Info(ctypes.Structure):
    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]
libraries = []
@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(Info), ctypes.c_size_t, ctypes.c_void_p)
def visit(info, size, data):
    name = os.fsdecode(info.contents.name or b"")
    if name.startswith("/"):
        libraries.append(name)
    return 0
ctypes.CDLL(None).dl_iterate_phdr(visit, None)
trees = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), dynload]
print(json.dumps({
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "version": "%d.%d.%d" % sys.version_info[:3],
    "trees": [t for t in trees if t and os.path.isdir(t)],
    "libraries": libraries,
    "safe_path": sys.version_info >= (3, 11),
}))
)python";

/// What the command prints, or nothing if it cannot be run or fails.
std::optional<std::string> output_of(const std::vector<std::string>& command) {
  DescriptorPair pipe = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe.second.get(), 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& text : command) arguments.push_back(const_cast<char*>(text.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int failed = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  pipe.second.reset();
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(pipe.first.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(n));
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return std::nullopt;
  return text;
}

std::optional<Interpreter> ask(const std::string& python) {
  const auto answer = output_of({python, "-I", "-S", "-c", kQuestions});
  if (!answer) return std::nullopt;
  const Json json = parse_json(*answer, python);
  const JsonObject fields(json, python);
  Interpreter found;
  found.executable = fields.required<std::string>("executable");
  found.version = fields.required<std::string>("version");
  found.trees = fields.required<std::vector<std::string>>("trees");
  found.has_safe_path = fields.required<bool>("safe_path");
  found.files = {found.executable};
  for (const auto& library : fields.required<std::vector<std::string>>("libraries")) {
    bool inside = false;
    for (const auto& tree : found.trees) inside = inside || library.starts_with(tree + "/");
    if (!inside) found.files.push_back(library);
  }
  // Where the loader looks for libraries outside of its usual folders.
  if (std::filesystem::exists("/etc/ld.so.cache")) found.files.emplace_back("/etc/ld.so.cache");
  return found;
}

}  // namespace

Interpreter find_interpreter(const std::string& python) {
  std::vector<std::string> places{python};
  if (python.empty()) places = {"/usr/bin/python3", "python3"};
  for (const auto& place : places) {
    if (auto found = ask(place)) return *std::move(found);
  }
  throw Error(fmt::format("sandbox: no usable Python at {}: it is missing, or lacks json, ctypes, "
                          "decimal or statistics (Debian: apt-get install python3)",
                          fmt::join(places, " or ")),
              69);
}

}  // namespace grpo::reward::code
