#include "base/error.h"
#include "policy/weights/gguf.h"

namespace grpo::policy {

std::vector<GgufFile> open_gguf_parts(const std::filesystem::path& file) {
  std::vector<GgufFile> files;
  files.emplace_back(file);
  const int64_t count = files[0].find_integer("split.count").value_or(1);
  if (count <= 1) return files;
  check_input(count < 100000, "{}: split.count: {} is out of range", file.string(), count);
  const std::string name = file.filename().string();
  const std::string ending = fmt::format("-00001-of-{:05}.gguf", count);
  check_input(files[0].integer("split.no") == 0 && name.ends_with(ending),
              "{}: a part of a split model: open the part whose name ends in {}", file.string(),
              ending);
  const std::string stem = name.substr(0, name.size() - ending.size());
  for (int64_t i = 1; i < count; ++i) {
    files.emplace_back(file.parent_path() /
                       fmt::format("{}-{:05}-of-{:05}.gguf", stem, i + 1, count));
    check_input(files.back().integer("split.no") == i, "{}: split.no: expected {}, got {}",
                files.back().path().string(), i, files.back().integer("split.no"));
  }
  return files;
}

}  // namespace grpo::policy
