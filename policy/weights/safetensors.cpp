#include "policy/weights/safetensors.h"

#include <algorithm>
#include <cstring>
#include <ostream>
#include <utility>

#include "base/error.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr std::string_view kMetadata = "__metadata__";

/// Bits of an element; 0 for an unknown dtype.
int64_t dtype_bits(std::string_view dtype) {
  static constexpr std::pair<std::string_view, int64_t> kBits[] = {
      {"BOOL", 8},    {"U8", 8},      {"I8", 8},          {"I16", 16},        {"U16", 16},
      {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"I64", 64},    {"U64", 64},    {"F64", 64},        {"C64", 64},        {"F8_E5M2", 8},
      {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E5M2FNUZ", 8}, {"F8_E4M3FNUZ", 8}, {"F4", 4},
      {"F6_E2M3", 6}, {"F6_E3M2", 6}};
  const auto* it = std::ranges::find(kBits, dtype, &std::pair<std::string_view, int64_t>::first);
  return it == std::end(kBits) ? 0 : it->second;
}

int64_t checked_bytes(const std::string& where, std::string_view dtype,
                      const std::vector<int64_t>& shape) {
  int64_t bits = dtype_bits(dtype);
  check_input(bits > 0, "{}: dtype '{}' is not known", where, dtype);
  for (const int64_t size : shape) {
    check_input(size >= 0 && !__builtin_mul_overflow(bits, size, &bits),
                "{}: shape is out of range", where);
  }
  check_input(bits % 8 == 0, "{}: {} bits do not end on a byte", where, bits);
  return bits / 8;
}

SafetensorsTensor read_entry(const nlohmann::json& entry, const std::string& where,
                             std::span<const std::byte> data) {
  JsonFields f(entry, where);
  SafetensorsTensor tensor{.dtype = f.text("dtype"), .shape = f.integers("shape"), .bytes = {}};
  const auto offsets = f.integers("data_offsets");
  for (const std::string& key : f.unread()) {
    throw Error(fmt::format("{}: {}: unknown field", where, key), 2);
  }
  check_input(offsets.size() == 2 && 0 <= offsets[0] && offsets[0] <= offsets[1] &&
                  static_cast<uint64_t>(offsets[1]) <= data.size(),
              "{}: data_offsets: expected [begin, end] within {} bytes", where, data.size());
  const int64_t bytes = checked_bytes(where, tensor.dtype, tensor.shape);
  check_input(offsets[1] - offsets[0] == bytes, "{}: data_offsets: expected {} bytes, got {}",
              where, bytes, offsets[1] - offsets[0]);
  tensor.bytes = data.subspan(static_cast<size_t>(offsets[0]), static_cast<size_t>(bytes));
  return tensor;
}

/// Tensors must follow each other without hole or overlap up to the end of the data.
void check_tiling(const std::string& file,
                  const std::map<std::string, SafetensorsTensor, std::less<>>& tensors,
                  std::span<const std::byte> data) {
  struct Span {
    size_t begin, end;
    const std::string* name;
  };
  std::vector<Span> spans;
  for (const auto& [name, tensor] : tensors) {
    const auto begin = static_cast<size_t>(tensor.bytes.data() - data.data());
    spans.push_back({.begin = begin, .end = begin + tensor.bytes.size(), .name = &name});
  }
  std::ranges::sort(spans, [](const Span& a, const Span& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  size_t end = 0;
  for (const Span& span : spans) {
    check_input(span.begin == end, "{}: {}: begins at byte {} of the data, expected {}: {}", file,
                *span.name, span.begin, end, span.begin < end ? "overlap" : "hole");
    end = span.end;
  }
  check_input(end == data.size(), "{}: {} bytes after the last tensor", file, data.size() - end);
}

std::string make_header(const std::vector<SafetensorsSpec>& specs,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  int64_t offset = 0;
  for (const SafetensorsSpec& spec : specs) {
    check(spec.name != kMetadata && !header.contains(spec.name), "{}: name taken", spec.name);
    const int64_t end = offset + safetensors_bytes(spec);
    header[spec.name] = {
        {"dtype", spec.dtype}, {"shape", spec.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data begins at a multiple of 8
  check(text.size() <= kMaxHeader, "header of {} bytes is longer than the format allows",
        text.size());
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path) {
  const std::string file = path.string();
  const auto bytes = file_.bytes();
  uint64_t length = 0;
  check_input(bytes.size() >= sizeof(length), "{}: {} bytes are too few for a safetensors file",
              file, bytes.size());
  std::memcpy(&length, bytes.data(), sizeof(length));
  check_input(length <= kMaxHeader && length <= bytes.size() - sizeof(length),
              "{}: header of {} bytes does not fit a file of {}", file, length, bytes.size());
  const std::string_view header = file_.text().substr(sizeof(length), length);
  check_input(header.starts_with('{'), "{}: header does not begin with '{{'", file);
  const auto data = bytes.subspan(sizeof(length) + length);
  const auto json = parse_strict_json(header, file);
  check_input(json.is_object(), "{}: header is no JSON object", file);
  for (const auto& [name, entry] : json.items()) {
    const std::string where = file + ": " + name;
    if (name != kMetadata) {
      tensors_.emplace(name, read_entry(entry, where, data));
      continue;
    }
    check_input(entry.is_object(), "{}: expected an object of strings", where);
    for (const auto& [key, value] : entry.items()) {
      check_input(value.is_string(), "{}: {}: expected a string", where, key);
      metadata_.emplace(key, value.get<std::string>());
    }
  }
  check_tiling(file, tensors_, data);
}

const SafetensorsTensor* SafetensorsFile::find(std::string_view name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

int64_t safetensors_bytes(const SafetensorsSpec& spec) {
  return checked_bytes(spec.name, spec.dtype, spec.shape);
}

void write_safetensors(const std::filesystem::path& path, std::vector<SafetensorsSpec> specs,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source) {
  std::ranges::sort(specs, [](const SafetensorsSpec& a, const SafetensorsSpec& b) {
    return std::pair(-dtype_bits(a.dtype), std::string_view(a.name)) <
           std::pair(-dtype_bits(b.dtype), std::string_view(b.name));
  });
  const std::string header = make_header(specs, metadata);
  write_atomically(path, [&](std::ostream& out) {
    const uint64_t length = header.size();
    out.write(reinterpret_cast<const char*>(&length), sizeof(length));
    out << header;
    for (const SafetensorsSpec& spec : specs) {
      int64_t left = safetensors_bytes(spec);
      source(spec, [&](std::span<const std::byte> piece) {
        left -= static_cast<int64_t>(piece.size());
        check(left >= 0, "{}: {}: more bytes than its shape has", path.string(), spec.name);
        out.write(reinterpret_cast<const char*>(piece.data()),
                  static_cast<std::streamsize>(piece.size()));
      });
      check(left == 0, "{}: {}: {} bytes are missing", path.string(), spec.name, left);
    }
  });
}

}  // namespace grpo::policy
