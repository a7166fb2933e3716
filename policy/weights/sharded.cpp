#include "policy/weights/sharded.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";

const std::map<std::string, std::string> kMetadata = {{"format", "pt"}};

/// Tensor name to file name.
std::map<std::string, std::string> read_index(const fs::path& index) {
  const auto json = read_json_file(index);
  JsonFields f(json, index.string());
  const auto* map = f.find("weight_map");
  check_input(map && map->is_object() && !map->empty(), "{}: weight_map: expected an object",
              index.string());
  std::map<std::string, std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    check_input(file.is_string(), "{}: weight_map: {}: expected a file name", index.string(),
                tensor);
    const auto& name = file.get_ref<const std::string&>();
    check_input(!name.empty() && name != ".." && name.find('/') == std::string::npos &&
                    name.find('\0') == std::string::npos,
                "{}: weight_map: {}: '{}' is not a file of the folder", index.string(), tensor,
                name);
    files.emplace(tensor, name);
  }
  return files;
}

std::set<std::string> files_without_index(const fs::path& folder) {
  if (fs::exists(folder / kSingle)) return {kSingle};
  std::set<std::string> names;
  bool pickled = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") names.insert(entry.path().filename().string());
    pickled |= entry.path().extension() == ".bin";
  }
  check_input(!names.empty(), "{}: no weights: looked for {}, {} and *.safetensors{}",
              folder.string(), kIndex, kSingle,
              pickled ? "; pickled weights (*.bin) are not read, convert them to safetensors" : "");
  return names;
}

}  // namespace

ShardedSafetensors::ShardedSafetensors(const fs::path& folder) {
  std::map<std::string, std::string> index;
  std::set<std::string> names;
  if (fs::exists(folder / kIndex)) {
    index = read_index(folder / kIndex);
    for (const auto& [tensor, file] : index) names.insert(file);
  } else {
    names = files_without_index(folder);
  }
  for (const std::string& name : names) files_.emplace_back(folder / name);
  for (const SafetensorsFile& file : files_) {
    for (const auto& [name, tensor] : file.tensors()) {
      const auto [it, added] = tensors_.emplace(name, Entry{.file = &file, .tensor = &tensor});
      check_input(added, "{}: {}: also in {}", file.path().string(), name,
                  it->second.file->path().string());
    }
  }
  for (const auto& [tensor, file] : index) {
    const Entry* entry = find(tensor);
    check_input(entry && entry->file->path().filename() == file,
                "{}: {}: not there, though {} says so", (folder / file).string(), tensor, kIndex);
  }
}

const ShardedSafetensors::Entry* ShardedSafetensors::find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

void write_sharded(const fs::path& folder, const std::vector<SafetensorsSpec>& specs,
                   int64_t shard_bytes,
                   const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source) {
  std::vector<std::vector<SafetensorsSpec>> shards(1);
  int64_t total = 0;
  int64_t in_shard = 0;
  for (const SafetensorsSpec& spec : specs) {
    const int64_t bytes = safetensors_bytes(spec);
    if (!shards.back().empty() && in_shard + bytes > shard_bytes) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(spec);
    in_shard += bytes;
    total += bytes;
  }
  if (shards.size() == 1) {
    write_safetensors(folder / kSingle, shards[0], kMetadata, source);
    return;
  }
  auto weight_map = nlohmann::json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    const auto name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    write_safetensors(folder / name, shards[i], kMetadata, source);
    for (const SafetensorsSpec& spec : shards[i]) weight_map[spec.name] = name;
  }
  const nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  write_atomically(folder / kIndex, index.dump(2) + "\n");
}

}  // namespace grpo::policy
