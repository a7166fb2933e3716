#include "monitor/jsonl.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace grpo::monitor {
namespace {

/// The whole lines of steps <= last_step: how many bytes, and the step of the last one.
struct Kept {
  std::size_t bytes = 0;
  std::optional<int64_t> last;
};

Kept lines_to_keep(std::string_view text, const std::string& name, int64_t last_step) {
  std::size_t keep = 0;
  std::optional<int64_t> before;
  for (std::size_t line = 1; keep < text.size(); ++line) {
    const auto end = text.find('\n', keep);
    if (end == std::string_view::npos) break;  // the run was killed within this line
    const auto where = fmt::format("{}:{}", name, line);
    const Json row = parse_json(text.substr(keep, end - keep), where);
    const auto step = JsonObject(row, where).required<int64_t>("step");
    check_input(!before || step >= *before, "{}: step {} follows step {}", where, step, *before);
    if (step > last_step) break;
    before = step;
    keep = end + 1;
  }
  return {keep, before};
}

}  // namespace

JsonlFile::JsonlFile(std::filesystem::path path, Open open, int64_t last_step)
    : path_(std::move(path)) {
  const bool exists = std::filesystem::exists(path_);
  const auto name = path_.string();
  check_input(open == Open::resume || !exists || std::filesystem::file_size(path_) == 0,
              "{}: holds another run's lines; resume it or choose another folder", name);
  Kept kept;
  if (open == Open::resume && exists) {
    kept = lines_to_keep(MappedFile(path_).text(), name, last_step);
  }
  last_kept_ = kept.last;
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  check(fd_ >= 0, "{}: cannot open: {}", name, std::strerror(errno));
  if (::ftruncate(fd_, static_cast<off_t>(kept.bytes)) != 0) {
    const int error = errno;
    ::close(fd_);
    check(false, "{}: cannot truncate: {}", name, std::strerror(error));
  }
}

JsonlFile::~JsonlFile() { ::close(fd_); }

void JsonlFile::write(const Record& record) {
  // Not through a JSON object: it would look every name up in a list.
  std::string line = fmt::format("{{\"step\":{}", record.step);
  for (const auto& [name, value] : record.metrics) {
    line += fmt::format(",{}:{}", print_json(OrderedJson(name)), print_json(json_number(value)));
  }
  append(line + "}\n");
}

void JsonlFile::write(int64_t step, const OrderedJson& fields) {
  check(fields.is_object() && !fields.contains("step"),
        "{}: a line needs an object without its own step", path_.string());
  std::string line = print_json(fields);
  line.replace(0, 1, fmt::format("{{\"step\":{}{}", step, fields.empty() ? "" : ","));
  append(line + "\n");
}

void JsonlFile::sync() {
  check(::fdatasync(fd_) == 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
}

void JsonlFile::append(std::string_view line) {
  while (!line.empty()) {
    const auto written = ::write(fd_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    check(written >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace grpo::monitor
