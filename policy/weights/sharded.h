#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/weights/safetensors.h"

namespace grpo::policy {

/// The safetensors files of a folder as one: `model.safetensors.index.json` and its shards, or
/// `model.safetensors`, or whatever *.safetensors stand there. Throws Error when there are none,
/// when an index names a file or tensor that is not there (or a file outside the folder), and when
/// two files hold the same name.
class ShardedSafetensors {
 public:
  explicit ShardedSafetensors(const std::filesystem::path& folder);

  struct Entry {
    const SafetensorsFile* file;
    const SafetensorsTensor* tensor;
  };
  const std::map<std::string_view, Entry>& tensors() const { return tensors_; }
  const Entry* find(std::string_view name) const;
  const std::vector<SafetensorsFile>& files() const { return files_; }

 private:
  std::vector<SafetensorsFile> files_;
  std::map<std::string_view, Entry> tensors_;
};

/// Writes `model.safetensors`, or shards of at most `shard_bytes` (a larger tensor has a shard of
/// its own) with their index, into an existing folder.
void write_sharded(const std::filesystem::path& folder, const std::vector<SafetensorsSpec>& specs,
                   int64_t shard_bytes,
                   const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source);

}  // namespace grpo::policy
