#include "reward/code/interpreter.h"

#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "reward/code/command.h"

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
