#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/weights/dequant.h"

namespace grpo::policy {

/// Key-values of a GGUF file to write, in the order they were added. Types are those that ggml's
/// own writers use: integers uint32, in arrays int32; numbers float32. Throws Error on a key given
/// twice and on an integer out of range.
class GgufMetadata {
 public:
  void add_integer(std::string_view key, int64_t value);
  void add_number(std::string_view key, double value);
  void add_boolean(std::string_view key, bool value);
  void add_text(std::string_view key, std::string_view value);
  void add_texts(std::string_view key, const std::vector<std::string>& values);
  void add_integers(std::string_view key, const std::vector<int32_t>& values);
  void add_numbers(std::string_view key, const std::vector<float>& values);

  int64_t size() const { return static_cast<int64_t>(keys_.size()); }
  const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::string_view key, uint32_t type);
  void begin_array(std::string_view key, uint32_t type, size_t count);

  std::set<std::string, std::less<>> keys_;
  std::string bytes_;
};

struct GgufSpec {
  std::string name;
  StoredType type;
  std::vector<int64_t> shape;  ///< torch order: slowest axis first
};

/// Writes a GGUF file (version 3, little-endian, alignment 32) through a temporary one, tensor by
/// tensor: `source` is called for each, in order, and hands its bytes to the sink in pieces of any
/// size. Throws Error naming file and tensor for a name of 64 bytes or more, rows that are no whole
/// blocks of their type, and pieces that do not add up to the tensor's size.
/// Format: github.com/ggml-org/ggml, docs/gguf.md.
void write_gguf_file(
    const std::filesystem::path& path, const GgufMetadata& metadata,
    const std::vector<GgufSpec>& specs,
    const std::function<void(const GgufSpec&,
                             const std::function<void(std::span<const std::byte>)>&)>& source);

}  // namespace grpo::policy
