#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "policy/weights/dequant.h"

namespace grpo::policy {

struct GgufTensor {
  std::string name;
  StoredType type;
  std::vector<int64_t> shape;  ///< torch order: slowest axis first (the file has it reversed)
  std::span<const std::byte> bytes;

  int64_t row_elements() const { return shape.back(); }
  int64_t num_rows() const;  ///< all leading axes together
};

/// A GGUF file (versions 2 and 3, little-endian), mapped. Opening reads metadata and the tensor
/// table and checks both: lengths against the file before anything is allocated, duplicate keys
/// and names, types, aligned offsets in order, spans within the data. Throws Error naming file and
/// key or tensor. Format: github.com/ggml-org/ggml, docs/gguf.md.
class GgufFile {
 public:
  explicit GgufFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }

  bool has(std::string_view key) const { return metadata_.contains(key); }
  std::vector<std::string_view> keys() const;

  // Metadata by type. The plain getters throw Error naming file and key when the key is missing;
  // all throw when its type does not fit. Any integer type serves as integer, both float types and
  // integers as number; a float32 is widened by its shortest decimal (1e-5 is 1e-5).
  int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  std::optional<int64_t> find_integer(std::string_view key) const;
  std::optional<double> find_number(std::string_view key) const;
  std::optional<bool> find_boolean(std::string_view key) const;
  std::optional<std::string_view> find_text(std::string_view key) const;
  std::vector<std::string_view> texts(std::string_view key) const;
  std::vector<int64_t> integers(std::string_view key) const;
  std::vector<double> numbers(std::string_view key) const;
  bool is_array(std::string_view key) const;
  /// Elements of an array, without reading them.
  int64_t array_size(std::string_view key) const;

  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find(std::string_view name) const;

 private:
  struct Value {
    uint32_t type;  // of the value, or of an array's elements
    bool array;
    uint64_t count;                    // 1 unless an array
    std::span<const std::byte> bytes;  // of the value, or of all elements
  };
  class Cursor;

  void read_metadata(Cursor& cursor, uint64_t count);
  void read_tensors(Cursor& cursor, uint64_t count);
  const Value& value(std::string_view key, bool array) const;
  template <class T, class Convert>
  std::vector<T> elements(std::string_view key, Convert convert) const;
  [[noreturn]] void fail(std::string_view key, std::string_view expected) const;

  MappedFile file_;
  std::map<std::string_view, Value> metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string_view, size_t> tensor_index_;
};

/// The files of a split model, `<name>-00001-of-00003.gguf` given and first; one file when it is
/// not split. Throws Error when another part is given, or one is missing or out of place.
std::vector<GgufFile> open_gguf_parts(const std::filesystem::path& file);

}  // namespace grpo::policy
