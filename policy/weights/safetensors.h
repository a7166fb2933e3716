#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <forward_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/string_table.h"

namespace grpo::policy {

inline constexpr uint64_t kMaxSafetensorsHeader = 100'000'000;  // the format's own limit
inline constexpr std::string_view kSafetensorsMetadata = "__metadata__";
inline constexpr const char* kSafetensorsSingle = "model.safetensors";
inline constexpr const char* kSafetensorsIndex = "model.safetensors.index.json";

struct SafetensorsTensor {
  std::string_view name;
  std::string_view dtype;  ///< as in the header: F32, BF16, F8_E4M3, …
  std::span<const int64_t> shape;
  std::span<const std::byte> bytes;   ///< row-major, little-endian; in general not aligned
  const std::filesystem::path* file;  ///< that holds it
};

/// The safetensors files of a model, mapped: of a folder `model.safetensors.index.json` and its
/// shards, or `model.safetensors`, or whatever *.safetensors stand there; or one file.
///
/// Opening reads the headers only, each in one pass, and checks every rule of the format: known
/// dtypes, no duplicate names, spans that fit the shapes and tile the data without hole or overlap,
/// nothing left over. Throws Error naming file and tensor; also when a folder has no such files,
/// when an index names a file or tensor that is not there (or a file outside the folder), and when
/// two files hold the same name. Files are closed when they have been mapped.
/// Format: github.com/huggingface/safetensors, README.
class Safetensors {
 public:
  explicit Safetensors(std::filesystem::path model);

  /// File by file, in the order of their bytes.
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  const SafetensorsTensor* find(std::string_view name) const;
  const std::filesystem::path& path() const { return path_; }  ///< the folder or file given
  size_t num_files() const { return files_.size(); }
  int64_t file_bytes() const;  ///< sizes of all files together

 private:
  /// A file, and what its tensors point to.
  struct File {
    explicit File(const std::filesystem::path& path);
    /// Appends its tensors.
    void read_header(std::vector<SafetensorsTensor>& tensors);

    MappedFile mapped;
    std::string_view header;
    std::span<const std::byte> data;
    std::vector<int64_t> sizes;              // all shapes, one after the other
    std::forward_list<std::string> strings;  // names that had escapes
  };
  void open(const std::vector<std::filesystem::path>& paths);

  std::filesystem::path path_;
  std::vector<File> files_;
  std::vector<SafetensorsTensor> tensors_;
  NameIndex index_;  // over tensors_
};

/// Bits of an element; 0 for an unknown dtype.
int64_t safetensors_bits(std::string_view dtype);

/// Bytes of a tensor. Throws Error, which begins with `name`, on an unknown dtype, a negative size,
/// a product beyond 2^63, or bits that do not end on a byte.
int64_t safetensors_bytes(std::string_view name, std::string_view dtype,
                          std::span<const int64_t> shape);

}  // namespace grpo::policy
