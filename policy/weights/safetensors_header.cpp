// The header of one .safetensors file: JSON of {name: {dtype, shape, data_offsets}}.

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "policy/weights/json_scanner.h"
#include "policy/weights/safetensors.h"

namespace grpo::policy {
namespace {

struct Dtype {
  std::string_view name;
  int64_t bits;  // of an element
};
constexpr Dtype kDtypes[] = {
    {"BF16", 16},       {"F32", 32},        {"F8_E4M3", 8}, {"F16", 16},    {"BOOL", 8},
    {"U8", 8},          {"I8", 8},          {"I16", 16},    {"U16", 16},    {"I32", 32},
    {"U32", 32},        {"I64", 64},        {"U64", 64},    {"F64", 64},    {"C64", 64},
    {"F8_E5M2", 8},     {"F8_E8M0", 8},     {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},
    {"F8_E5M2FNUZ", 8}, {"F8_E4M3FNUZ", 8},
};

/// nullptr for an unknown name.
const Dtype* find_dtype(std::string_view name) {
  const auto* it = std::ranges::find(kDtypes, name, &Dtype::name);
  return it == std::end(kDtypes) ? nullptr : it;
}

/// Nothing for a negative size, a product beyond 2^63, or bits that do not end on a byte.
std::optional<int64_t> bytes_of(const Dtype& dtype, std::span<const int64_t> shape) {
  int64_t bits = dtype.bits;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bits, size, &bits)) return std::nullopt;
  }
  return bits % 8 == 0 ? std::optional(bits / 8) : std::nullopt;
}

/// Reads the entries of a header. `where` and `name` go into errors, which are the only place
/// where texts are made of them: a large model has a hundred thousand entries.
class EntryReader {
 public:
  struct Entry {
    const Dtype* dtype;
    size_t rank;
    uint64_t begin, bytes;
  };
  EntryReader(JsonScanner& scanner, const char* file, size_t data_bytes)
      : scanner_(scanner), file_(file), data_bytes_(data_bytes) {}

  /// Appends the shape to `sizes`.
  Entry read(std::string_view name, std::vector<int64_t>& sizes) {
    const size_t first_size = sizes.size();
    const std::string_view dtype = read_fields(name, sizes);
    const auto shape = std::span(sizes).subspan(first_size);
    const Dtype* known = find_dtype(dtype);
    check_input(known != nullptr, "{}: {}: dtype '{}' is not known", file_, name, dtype);
    const auto bytes = bytes_of(*known, shape);
    check_input(bytes.has_value(),
                "{}: {}: shape [{}] of {} is out of range, or does not end on a byte", file_, name,
                fmt::join(shape, ", "), dtype);
    check_input(offsets_.size() == 2 && 0 <= offsets_[0] && offsets_[0] <= offsets_[1] &&
                    static_cast<uint64_t>(offsets_[1]) <= data_bytes_,
                "{}: {}: data_offsets: expected [begin, end] within {} bytes", file_, name,
                data_bytes_);
    check_input(offsets_[1] - offsets_[0] == *bytes,
                "{}: {}: data_offsets: expected {} bytes, got {}", file_, name, *bytes,
                offsets_[1] - offsets_[0]);
    return {.dtype = known,
            .rank = shape.size(),
            .begin = static_cast<uint64_t>(offsets_[0]),
            .bytes = static_cast<uint64_t>(*bytes)};
  }

 private:
  /// Fills offsets_, appends the shape, returns the dtype.
  std::string_view read_fields(std::string_view name, std::vector<int64_t>& sizes) {
    static constexpr std::string_view kFields[] = {"dtype", "shape", "data_offsets"};
    bool seen[std::size(kFields)] = {};
    std::string_view dtype;
    offsets_.clear();
    scanner_.begin_object();
    for (std::string_view key; scanner_.next_key(key);) {
      const auto field = std::ranges::find(kFields, key) - std::begin(kFields);
      check_input(field < std::ssize(kFields), "{}: {}: {}: unknown field", file_, name, key);
      check_input(!std::exchange(seen[field], true), "{}: {}: {}: duplicate key", file_, name, key);
      if (field == 0) dtype = scanner_.string();
      if (field == 1) scanner_.integers(sizes);
      if (field == 2) scanner_.integers(offsets_);
    }
    const auto missing = std::ranges::find(seen, false) - std::begin(seen);
    check_input(missing == std::ssize(seen), "{}: {}: {}: missing", file_, name,
                kFields[std::min<std::ptrdiff_t>(missing, 2)]);
    return dtype;
  }

  JsonScanner& scanner_;
  const char* file_;
  size_t data_bytes_;
  std::vector<int64_t> offsets_;
};

void check_metadata(JsonScanner& scanner, const char* file) {
  std::set<std::string_view> keys;
  scanner.begin_object();
  for (std::string_view key; scanner.next_key(key);) {
    scanner.string();
    check_input(keys.insert(key).second, "{}: {}: {}: duplicate key", file, kSafetensorsMetadata,
                key);
  }
}

/// Tensors must follow each other without hole or overlap up to the end of the data. Sorts them.
void check_tiling(const char* file, std::span<SafetensorsTensor> tensors,
                  std::span<const std::byte> data) {
  const auto place = [](const SafetensorsTensor& t) {
    return std::pair(t.bytes.data(), t.bytes.size());
  };
  if (!std::ranges::is_sorted(tensors, {}, place)) std::ranges::sort(tensors, {}, place);
  size_t end = 0;
  for (const SafetensorsTensor& tensor : tensors) {
    const auto begin = static_cast<size_t>(tensor.bytes.data() - data.data());
    const bool twice =
        begin != end && std::ranges::count(tensors, tensor.name, &SafetensorsTensor::name) > 1;
    check_input(!twice, "{}: {}: duplicate key", file, tensor.name);
    check_input(begin == end, "{}: {}: begins at byte {} of the data, expected {}: {}", file,
                tensor.name, begin, end, begin < end ? "overlap" : "hole");
    end += tensor.bytes.size();
  }
  check_input(end == data.size(), "{}: {} bytes after the last tensor", file, data.size() - end);
}

}  // namespace

Safetensors::File::File(const std::filesystem::path& path) : mapped(path) {
  const auto bytes = mapped.bytes();
  uint64_t length = 0;
  check_input(bytes.size() >= sizeof(length), "{}: {} bytes are too few for a safetensors file",
              path.c_str(), bytes.size());
  std::memcpy(&length, bytes.data(), sizeof(length));
  check_input(length <= kMaxSafetensorsHeader && length <= bytes.size() - sizeof(length),
              "{}: header of {} bytes does not fit a file of {}", path.c_str(), length,
              bytes.size());
  header = mapped.text().substr(sizeof(length), length);
  check_input(header.starts_with('{'), "{}: header does not begin with '{{'", path.c_str());
  data = bytes.subspan(sizeof(length) + length);
}

void Safetensors::File::read_header(std::vector<SafetensorsTensor>& tensors) {
  const char* file = mapped.path().c_str();
  JsonScanner scanner(header, file);
  EntryReader entries(scanner, file, data.size());
  const size_t first = tensors.size();
  bool has_metadata = false;
  std::vector<size_t> ranks;
  scanner.begin_object();
  for (std::string_view name; scanner.next_key(name);) {
    scanner.set_place(name);
    if (name == kSafetensorsMetadata) {
      check_input(!std::exchange(has_metadata, true), "{}: {}: duplicate key", file, name);
      check_metadata(scanner, file);
    } else {
      const auto entry = entries.read(name, sizes);
      ranks.push_back(entry.rank);
      tensors.push_back({.name = name,
                         .dtype = entry.dtype->name,
                         .shape = {},
                         .bytes = data.subspan(entry.begin, entry.bytes),
                         .file = &mapped.path()});
    }
    scanner.set_place("");
  }
  scanner.finish();
  strings = scanner.take_strings();
  const auto own = std::span(tensors).subspan(first);
  size_t at = 0;
  for (size_t i = 0; i < own.size(); at += ranks[i++]) {
    own[i].shape = std::span(sizes).subspan(at, ranks[i]);
  }
  check_tiling(file, own, data);
}

int64_t safetensors_bits(std::string_view dtype) {
  const Dtype* known = find_dtype(dtype);
  return known ? known->bits : 0;
}

int64_t safetensors_bytes(std::string_view name, std::string_view dtype,
                          std::span<const int64_t> shape) {
  const Dtype* known = find_dtype(dtype);
  check_input(known != nullptr, "{}: dtype '{}' is not known", name, dtype);
  const auto bytes = bytes_of(*known, shape);
  check_input(bytes.has_value(), "{}: shape [{}] of {} is out of range, or does not end on a byte",
              name, fmt::join(shape, ", "), dtype);
  return *bytes;
}

}  // namespace grpo::policy
