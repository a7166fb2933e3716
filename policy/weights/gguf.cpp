#include "policy/weights/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace grpo::policy {
namespace {

enum ValueType : uint32_t {
  kU8 = 0,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
};

/// Bytes of a fixed-size value; 0 for strings, arrays and unknown types.
size_t value_size(uint32_t type) {
  static constexpr size_t kSizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return type < std::size(kSizes) ? kSizes[type] : 0;
}

template <class T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

std::optional<int64_t> as_integer(uint32_t type, const std::byte* p) {
  switch (type) {
    case kU8:
      return load<uint8_t>(p);
    case kI8:
      return load<int8_t>(p);
    case kU16:
      return load<uint16_t>(p);
    case kI16:
      return load<int16_t>(p);
    case kU32:
      return load<uint32_t>(p);
    case kI32:
      return load<int32_t>(p);
    case kI64:
      return load<int64_t>(p);
    case kU64: {
      const auto value = load<uint64_t>(p);
      if (value > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
      return static_cast<int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

/// The double of the shortest decimal that names the float: 1e-5 stays 1e-5, as whoever wrote it
/// meant, and does not become 9.999999747378752e-06.
double widen(float value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double wide = value;
  std::from_chars(text.data(), end, wide);
  return wide;
}

std::optional<double> as_number(uint32_t type, const std::byte* p) {
  if (type == kF32) return load<float>(p);
  if (type == kF64) return load<double>(p);
  if (const auto integer = as_integer(type, p)) return static_cast<double>(*integer);
  return std::nullopt;
}

}  // namespace

/// Walks the mapped bytes; every step is checked against what is left.
class GgufFile::Cursor {
 public:
  explicit Cursor(const MappedFile& file) : file_(file) {}

  template <class T>
  T take() {
    return load<T>(take_bytes(sizeof(T)).data());
  }
  std::span<const std::byte> take_bytes(uint64_t size) {
    check_input(size <= left(), "{}: byte {}: {} more bytes expected, {} are left",
                file_.path().string(), at_, size, left());
    const auto bytes = file_.bytes().subspan(at_, size);
    at_ += size;
    return bytes;
  }
  std::string_view take_text(uint64_t max_size = UINT64_MAX) {
    const auto size = take<uint64_t>();
    check_input(size <= max_size, "{}: byte {}: name of {} bytes is too long",
                file_.path().string(), at_, size);
    const auto bytes = take_bytes(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// Throws unless `count` things of at least `size` bytes each can still follow.
  void expect(uint64_t count, size_t size, std::string_view what) const {
    check_input(count <= left() / size, "{}: byte {}: {} {} do not fit the {} bytes left",
                file_.path().string(), at_, count, what, left());
  }
  uint64_t at() const { return at_; }
  uint64_t left() const { return file_.bytes().size() - at_; }

 private:
  const MappedFile& file_;
  uint64_t at_ = 0;
};

int64_t GgufTensor::num_rows() const {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

GgufFile::GgufFile(const std::filesystem::path& path) : file_(path) {
  static_assert(std::endian::native == std::endian::little);
  Cursor cursor(file_);
  const std::string file = path.string();
  const auto magic = cursor.take_bytes(4);
  check_input(std::memcmp(magic.data(), "GGUF", 4) == 0, "{}: not a GGUF file", file);
  const auto version = cursor.take<uint32_t>();
  check_input((version & 0xffffu) != 0, "{}: big-endian GGUF is not supported", file);
  check_input(version == 2 || version == 3, "{}: GGUF version {} is not supported; known: 2, 3",
              file, version);
  const auto num_tensors = cursor.take<uint64_t>();
  const auto num_values = cursor.take<uint64_t>();
  read_metadata(cursor, num_values);
  read_tensors(cursor, num_tensors);
}

void GgufFile::read_metadata(Cursor& cursor, uint64_t count) {
  const std::string file = path().string();
  cursor.expect(count, /*size=*/13, "key-values");  // length, type and one byte at least
  for (uint64_t i = 0; i < count; ++i) {
    const std::string_view key = cursor.take_text(/*max_size=*/65535);
    Value value{.type = cursor.take<uint32_t>(), .array = false, .count = 1, .bytes = {}};
    if (value.type == kArray) {
      value.array = true;
      value.type = cursor.take<uint32_t>();
      value.count = cursor.take<uint64_t>();
      check_input(value.type != kArray, "{}: {}: arrays of arrays are not supported", file, key);
    }
    const size_t size = value_size(value.type);
    check_input(size > 0 || value.type == kString, "{}: {}: value type {} is not known", file, key,
                value.type);
    cursor.expect(value.count, size > 0 ? size : sizeof(uint64_t), "elements");
    const uint64_t begin = cursor.at();
    if (size > 0) {
      cursor.take_bytes(value.count * size);
    } else {
      for (uint64_t j = 0; j < value.count; ++j) cursor.take_text();
    }
    value.bytes = file_.bytes().subspan(begin, cursor.at() - begin);
    check_input(metadata_.emplace(key, value).second, "{}: {}: duplicate key", file, key);
  }
}

void GgufFile::read_tensors(Cursor& cursor, uint64_t count) {
  const std::string file = path().string();
  const int64_t alignment = find_integer("general.alignment").value_or(32);
  check_input(alignment > 0 && alignment <= 1 << 30 &&
                  std::has_single_bit(static_cast<uint64_t>(alignment)),
              "{}: general.alignment: {} is not a power of two", file, alignment);
  const auto align = static_cast<uint64_t>(alignment);
  const auto round_up = [align](uint64_t n) { return (n + align - 1) / align * align; };

  cursor.expect(count, /*size=*/24, "tensors");
  tensors_.reserve(count);
  std::vector<uint64_t> offsets;
  for (uint64_t i = 0; i < count; ++i) {
    GgufTensor tensor{.name = std::string(cursor.take_text(/*max_size=*/63)),
                      .type = StoredType::kF32,
                      .shape = {},
                      .bytes = {}};
    const auto where = file + ": " + tensor.name;
    const auto num_dims = cursor.take<uint32_t>();
    check_input(num_dims >= 1 && num_dims <= 4, "{}: {} dimensions, expected 1..4", where,
                num_dims);
    int64_t elements = 1;
    for (uint32_t d = 0; d < num_dims; ++d) {
      const auto size = cursor.take<uint64_t>();
      check_input(size > 0 && size <= INT64_MAX &&
                      !__builtin_mul_overflow(elements, static_cast<int64_t>(size), &elements) &&
                      elements <= INT64_MAX / 8,
                  "{}: shape is out of range", where);
      tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(size));
    }
    const auto id = cursor.take<uint32_t>();
    const auto type = from_gguf_type(id);
    check_input(type.has_value(), "{}: tensor type {} is not supported", where, id);
    tensor.type = *type;
    check_input(tensor.row_elements() % block_layout(*type).elements == 0,
                "{}: rows of {} elements are no whole blocks of {}", where, tensor.row_elements(),
                type_name(*type));
    offsets.push_back(cursor.take<uint64_t>());
    tensors_.push_back(std::move(tensor));
  }

  const uint64_t data_begin = round_up(cursor.at());
  check_input(tensors_.empty() || data_begin <= file_.bytes().size(),
              "{}: ends before the tensors' data", file);
  const uint64_t data_size = tensors_.empty() ? 0 : file_.bytes().size() - data_begin;
  uint64_t expected = 0;
  for (size_t i = 0; i < tensors_.size(); ++i) {
    GgufTensor& tensor = tensors_[i];
    const auto size =
        static_cast<uint64_t>(stored_bytes(tensor.type, tensor.num_rows() * tensor.row_elements()));
    check_input(offsets[i] == expected, "{}: {}: offset {}, expected {}", file, tensor.name,
                offsets[i], expected);
    check_input(expected <= data_size && size <= data_size - expected,
                "{}: {}: {} bytes at offset {} do not fit the {} bytes of data", file, tensor.name,
                size, expected, data_size);
    tensor.bytes = file_.bytes().subspan(data_begin + expected, size);
    expected = round_up(expected + size);
    check_input(tensor_index_.emplace(tensor.name, i).second, "{}: {}: duplicate tensor", file,
                tensor.name);
  }
}

const GgufTensor* GgufFile::find(std::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

std::vector<std::string_view> GgufFile::keys() const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : metadata_) out.push_back(key);
  return out;
}

void GgufFile::fail(std::string_view key, std::string_view expected) const {
  throw Error(fmt::format("{}: {}: expected {}", path().string(), key, expected), 2);
}

const GgufFile::Value& GgufFile::value(std::string_view key, bool array) const {
  const auto it = metadata_.find(key);
  check_input(it != metadata_.end(), "{}: {}: missing", path().string(), key);
  if (it->second.array != array) fail(key, array ? "an array" : "a single value");
  return it->second;
}

int64_t GgufFile::integer(std::string_view key) const {
  const Value& v = value(key, /*array=*/false);
  const auto integer = as_integer(v.type, v.bytes.data());
  if (!integer) fail(key, "an integer");
  return *integer;
}

double GgufFile::number(std::string_view key) const {
  const Value& v = value(key, /*array=*/false);
  const auto number = as_number(v.type, v.bytes.data());
  if (!number) fail(key, "a number");
  return v.type == kF32 ? widen(load<float>(v.bytes.data())) : *number;
}

bool GgufFile::boolean(std::string_view key) const {
  const Value& v = value(key, /*array=*/false);
  if (v.type != kBool) fail(key, "true or false");
  return v.bytes[0] != std::byte{0};
}

std::string_view GgufFile::text(std::string_view key) const {
  const Value& v = value(key, /*array=*/false);
  if (v.type != kString) fail(key, "a string");
  const auto bytes = v.bytes.subspan(sizeof(uint64_t));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<int64_t> GgufFile::find_integer(std::string_view key) const {
  return has(key) ? std::optional(integer(key)) : std::nullopt;
}
std::optional<double> GgufFile::find_number(std::string_view key) const {
  return has(key) ? std::optional(number(key)) : std::nullopt;
}
std::optional<bool> GgufFile::find_boolean(std::string_view key) const {
  return has(key) ? std::optional(boolean(key)) : std::nullopt;
}
std::optional<std::string_view> GgufFile::find_text(std::string_view key) const {
  return has(key) ? std::optional(text(key)) : std::nullopt;
}

std::vector<std::string_view> GgufFile::texts(std::string_view key) const {
  const Value& v = value(key, /*array=*/true);
  if (v.type != kString) fail(key, "an array of strings");
  std::vector<std::string_view> out;
  out.reserve(v.count);
  const std::byte* p = v.bytes.data();
  for (uint64_t i = 0; i < v.count; ++i) {
    const auto size = load<uint64_t>(p);
    out.emplace_back(reinterpret_cast<const char*>(p + sizeof(size)), size);
    p += sizeof(size) + size;
  }
  return out;
}

template <class T, class Convert>
std::vector<T> GgufFile::elements(std::string_view key, Convert convert) const {
  const Value& v = value(key, /*array=*/true);
  std::vector<T> out;
  out.reserve(v.count);
  for (uint64_t i = 0; i < v.count; ++i) {
    const auto element = convert(v.type, v.bytes.data() + i * value_size(v.type));
    if (!element) fail(key, "an array of numbers");
    out.push_back(*element);
  }
  return out;
}

std::vector<int64_t> GgufFile::integers(std::string_view key) const {
  return elements<int64_t>(key, as_integer);
}
std::vector<double> GgufFile::numbers(std::string_view key) const {
  return elements<double>(key, as_number);
}

bool GgufFile::is_array(std::string_view key) const {
  const auto it = metadata_.find(key);
  return it != metadata_.end() && it->second.array;
}

int64_t GgufFile::array_size(std::string_view key) const {
  return static_cast<int64_t>(value(key, /*array=*/true).count);
}

}  // namespace grpo::policy
