#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace grpo::policy {

struct SafetensorsTensor {
  std::string dtype;  ///< as in the header: F32, BF16, F8_E4M3, …
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  ///< row-major, little-endian; in general not aligned
};

/// A .safetensors file, mapped. Opening reads the header only and checks every rule of the format:
/// known dtypes, no duplicate names, spans that fit the shapes and tile the data without hole or
/// overlap, nothing left over. Throws Error naming file and tensor.
/// Format: github.com/huggingface/safetensors, README.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::map<std::string, SafetensorsTensor, std::less<>>& tensors() const { return tensors_; }
  const SafetensorsTensor* find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return file_.path(); }

 private:
  MappedFile file_;
  std::map<std::string, SafetensorsTensor, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

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

}  // namespace grpo::policy
