#include "policy/weights/gguf_writer.h"

#include <bit>
#include <ostream>

#include "base/error.h"
#include "base/file.h"

namespace grpo::policy {
namespace {

static_assert(std::endian::native == std::endian::little);

// Ids of value types.
constexpr uint32_t kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9;
constexpr uint64_t kAlignment = 32;
constexpr size_t kMaxName = 63;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void put_text(std::string& out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out += text;
}

uint64_t padding(uint64_t size) { return (kAlignment - size % kAlignment) % kAlignment; }

uint64_t data_bytes(const GgufSpec& spec) {
  int64_t elements = 1;
  for (const int64_t size : spec.shape) elements *= size;
  return static_cast<uint64_t>(stored_bytes(spec.type, elements));
}

/// Everything before the tensors' data, padded to where it begins.
std::string make_header(const GgufMetadata& metadata, const std::vector<GgufSpec>& specs,
                        const std::string& file) {
  std::string header = "GGUF";
  put<uint32_t>(header, 3);
  put<uint64_t>(header, specs.size());
  put<uint64_t>(header, static_cast<uint64_t>(metadata.size()));
  header += metadata.bytes();
  uint64_t offset = 0;
  std::set<std::string_view> names;
  for (const GgufSpec& spec : specs) {
    check(spec.name.size() <= kMaxName && names.insert(spec.name).second,
          "{}: {}: a tensor's name that is too long or given twice", file, spec.name);
    check(!spec.shape.empty() && spec.shape.size() <= 4 &&
              spec.shape.back() % block_layout(spec.type).elements == 0,
          "{}: {}: [{}] cannot be written as {}", file, spec.name, fmt::join(spec.shape, ", "),
          type_name(spec.type));
    put_text(header, spec.name);
    put(header, static_cast<uint32_t>(spec.shape.size()));
    for (auto it = spec.shape.rbegin(); it != spec.shape.rend(); ++it) {
      put(header, static_cast<uint64_t>(*it));
    }
    put(header, gguf_type_id(spec.type));
    put(header, offset);
    offset += data_bytes(spec);
    offset += padding(offset);
  }
  header.append(padding(header.size()), '\0');
  return header;
}

}  // namespace

void GgufMetadata::begin(std::string_view key, uint32_t type) {
  check(keys_.emplace(key).second, "{}: GGUF key given twice", key);
  put_text(bytes_, key);
  put(bytes_, type);
}

void GgufMetadata::begin_array(std::string_view key, uint32_t type, size_t count) {
  begin(key, kArray);
  put(bytes_, type);
  put<uint64_t>(bytes_, count);
}

void GgufMetadata::add_integer(std::string_view key, int64_t value) {
  check(value >= 0 && value <= UINT32_MAX, "{}: {} is out of GGUF's range", key, value);
  begin(key, kU32);
  put(bytes_, static_cast<uint32_t>(value));
}

void GgufMetadata::add_number(std::string_view key, double value) {
  begin(key, kF32);
  put(bytes_, static_cast<float>(value));
}

void GgufMetadata::add_boolean(std::string_view key, bool value) {
  begin(key, kBool);
  put<uint8_t>(bytes_, value ? 1 : 0);
}

void GgufMetadata::add_text(std::string_view key, std::string_view value) {
  begin(key, kString);
  put_text(bytes_, value);
}

void GgufMetadata::add_texts(std::string_view key, const std::vector<std::string>& values) {
  begin_array(key, kString, values.size());
  for (const std::string& value : values) put_text(bytes_, value);
}

void GgufMetadata::add_integers(std::string_view key, const std::vector<int32_t>& values) {
  begin_array(key, kI32, values.size());
  for (const int32_t value : values) put(bytes_, value);
}

void GgufMetadata::add_numbers(std::string_view key, const std::vector<float>& values) {
  begin_array(key, kF32, values.size());
  for (const float value : values) put(bytes_, value);
}

void write_gguf_file(
    const std::filesystem::path& path, const GgufMetadata& metadata,
    const std::vector<GgufSpec>& specs,
    const std::function<void(const GgufSpec&,
                             const std::function<void(std::span<const std::byte>)>&)>& source) {
  const std::string header = make_header(metadata, specs, path.string());
  write_atomically(path, [&](std::ostream& out) {
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    for (const GgufSpec& spec : specs) {
      const uint64_t expected = data_bytes(spec);
      uint64_t written = 0;
      source(spec, [&](std::span<const std::byte> bytes) {
        written += bytes.size();
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
      });
      check(written == expected, "{}: {}: expected {} bytes, got {}", path.string(), spec.name,
            expected, written);
      const std::string zeros(padding(written), '\0');
      out.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
  });
}

}  // namespace grpo::policy
