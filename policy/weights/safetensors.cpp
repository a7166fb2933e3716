#include "policy/weights/safetensors.h"

#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "policy/weights/json_scanner.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

/// What model.safetensors.index.json says: for each tensor, which of the files holds it.
struct Index {
  explicit Index(const fs::path& path);

  struct Place {
    std::string_view tensor;
    uint32_t file;
  };
  MappedFile mapped;
  JsonScanner scanner;
  std::vector<std::string> files;
  std::vector<Place> places;

 private:
  void read_weight_map();
};

Index::Index(const fs::path& path) : mapped(path), scanner(mapped.text(), path.string()) {
  std::set<std::string_view> keys;
  scanner.begin_object();
  for (std::string_view key; scanner.next_key(key);) {
    check_input(keys.insert(key).second, "{}: {}: duplicate key", path.c_str(), key);
    scanner.set_place(key);
    if (key == "weight_map") {
      read_weight_map();
    } else {
      parse_strict_json(scanner.value(), path.string());
    }
    scanner.set_place("");
  }
  scanner.finish();
  check_input(!places.empty(), "{}: weight_map: expected an object that names tensors",
              path.c_str());
}

void Index::read_weight_map() {
  places.reserve(mapped.bytes().size() / 80);
  StringTable known;
  scanner.begin_object();
  for (std::string_view tensor; scanner.next_key(tensor);) {
    const std::string_view name = scanner.string();
    int32_t file = known.find(name);
    if (file == StringTable::kNone) {
      check_input(!name.empty() && name != ".." && name.find('/') == std::string_view::npos &&
                      name.find('\0') == std::string_view::npos,
                  "{}: weight_map: {}: not a file of the folder: '{}'", mapped.path().c_str(),
                  tensor, name);
      file = static_cast<int32_t>(files.size());
      files.emplace_back(name);
      known.insert(name, file);
    }
    places.push_back({.tensor = tensor, .file = static_cast<uint32_t>(file)});
  }
}

std::vector<std::string> files_without_index(const fs::path& folder) {
  if (fs::exists(folder / kSafetensorsSingle)) return {kSafetensorsSingle};
  std::set<std::string> names;
  bool pickled = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".safetensors") names.insert(entry.path().filename().string());
    pickled |= entry.path().extension() == ".bin";
  }
  check_input(!names.empty(), "{}: no weights: looked for {}, {} and *.safetensors{}",
              folder.string(), kSafetensorsIndex, kSafetensorsSingle,
              pickled ? "; pickled weights (*.bin) are not read, convert them to safetensors" : "");
  return {names.begin(), names.end()};
}

std::vector<fs::path> in_folder(const fs::path& folder, const std::vector<std::string>& names) {
  std::vector<fs::path> paths;
  for (const std::string& name : names) paths.push_back(folder / name);
  return paths;
}

}  // namespace

Safetensors::Safetensors(fs::path model) : path_(std::move(model)) {
  if (!fs::is_directory(path_)) {
    open({path_});
    return;
  }
  if (!fs::exists(path_ / kSafetensorsIndex)) {
    open(in_folder(path_, files_without_index(path_)));
    return;
  }
  const Index index(path_ / kSafetensorsIndex);
  open(in_folder(path_, index.files));
  std::vector<bool> seen(tensors_.size());
  for (const auto& [name, file] : index.places) {
    const SafetensorsTensor* tensor = find(name);
    const fs::path& path = files_[file].mapped.path();
    check_input(tensor && tensor->file == &path, "{}: {}: not there, though {} says so",
                path.c_str(), name, kSafetensorsIndex);
    auto mentioned = seen[static_cast<size_t>(tensor - tensors_.data())];
    check_input(!mentioned, "{}: weight_map: {}: duplicate key", index.mapped.path().c_str(), name);
    mentioned = true;
  }
}

void Safetensors::open(const std::vector<fs::path>& paths) {
  files_.reserve(paths.size());
  size_t header_bytes = 0;
  for (const fs::path& path : paths) {
    files_.emplace_back(path);
    header_bytes += files_.back().header.size();
  }
  tensors_.reserve(header_bytes / 128);
  for (File& file : files_) file.read_header(tensors_);
  index_.reserve(tensors_.size());
  const auto name_of = [&](size_t i) { return tensors_[i].name; };
  for (size_t i = 0; i < tensors_.size(); ++i) {
    const auto [same, added] = index_.insert(i, name_of);
    if (added) continue;
    const SafetensorsTensor& tensor = tensors_[i];
    const fs::path& first = *tensors_[same].file;
    check_input(&first != tensor.file, "{}: {}: duplicate key", first.c_str(), tensor.name);
    check_input(false, "{}: {}: also in {}", tensor.file->c_str(), tensor.name, first.c_str());
  }
}

const SafetensorsTensor* Safetensors::find(std::string_view name) const {
  const auto i = index_.find(name, [&](size_t at) { return tensors_[at].name; });
  return i ? &tensors_[*i] : nullptr;
}

int64_t Safetensors::file_bytes() const {
  int64_t total = 0;
  for (const File& file : files_) total += static_cast<int64_t>(file.mapped.bytes().size());
  return total;
}

}  // namespace grpo::policy
