#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace grpo::policy {

struct SafetensorsSpec {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
};

/// Bytes of a tensor. Throws Error on an unknown dtype, a negative size or a product beyond 2^63.
int64_t safetensors_bytes(const SafetensorsSpec& spec);

using ByteSink = std::function<void(std::span<const std::byte>)>;

/// Writes a file through a temporary one, tensor by tensor: `source` is called for each, in the
/// file's order, and hands its bytes to the sink in pieces of any size. Order: alignment of the
/// dtype descending, then name, so that every tensor is aligned to its type.
/// Throws Error when a tensor's pieces do not add up to its size.
void write_safetensors(const std::filesystem::path& path, std::vector<SafetensorsSpec> specs,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source);

/// Writes `model.safetensors`, or shards of at most `shard_bytes` (a larger tensor has a shard of
/// its own) with their index, into an existing folder.
void write_sharded(const std::filesystem::path& folder, const std::vector<SafetensorsSpec>& specs,
                   int64_t shard_bytes,
                   const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source);

}  // namespace grpo::policy
