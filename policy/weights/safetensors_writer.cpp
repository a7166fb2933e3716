#include "policy/weights/safetensors_writer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "policy/weights/safetensors.h"

namespace grpo::policy {
namespace {

std::string make_header(const std::vector<SafetensorsSpec>& specs,
                        const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[std::string(kSafetensorsMetadata)] = metadata;
  int64_t offset = 0;
  for (const SafetensorsSpec& spec : specs) {
    check(spec.name != kSafetensorsMetadata && !header.contains(spec.name), "{}: name taken",
          spec.name);
    const int64_t end = offset + safetensors_bytes(spec);
    header[spec.name] = {
        {"dtype", spec.dtype}, {"shape", spec.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // data begins at a multiple of 8
  check(text.size() <= kMaxSafetensorsHeader, "header of {} bytes is longer than the format allows",
        text.size());
  return text;
}

}  // namespace

int64_t safetensors_bytes(const SafetensorsSpec& spec) {
  return safetensors_bytes(spec.name, spec.dtype, spec.shape);
}

void write_safetensors(const std::filesystem::path& path, std::vector<SafetensorsSpec> specs,
                       const std::map<std::string, std::string>& metadata,
                       const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source) {
  const auto place = [](const SafetensorsSpec& spec) {
    return std::pair(-safetensors_bits(spec.dtype), std::string_view(spec.name));
  };
  std::ranges::sort(specs, {}, place);
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

void write_sharded(const std::filesystem::path& folder, const std::vector<SafetensorsSpec>& specs,
                   int64_t shard_bytes,
                   const std::function<void(const SafetensorsSpec&, const ByteSink&)>& source) {
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  std::vector<std::vector<SafetensorsSpec>> shards(1);
  int64_t total = 0;
  int64_t in_shard = 0;
  for (const SafetensorsSpec& spec : specs) {
    const int64_t bytes = safetensors_bytes(spec);
    if (!shards.back().empty() && in_shard + bytes > shard_bytes) {
      shards.emplace_back();
      in_shard = 0;
    }
    shards.back().push_back(spec);
    in_shard += bytes;
    total += bytes;
  }
  if (shards.size() == 1) {
    write_safetensors(folder / kSafetensorsSingle, shards[0], metadata, source);
    return;
  }
  auto weight_map = nlohmann::json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    const auto name = fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    write_safetensors(folder / name, shards[i], metadata, source);
    for (const SafetensorsSpec& spec : shards[i]) weight_map[spec.name] = name;
  }
  const nlohmann::json index = {{"metadata", {{"total_size", total}}}, {"weight_map", weight_map}};
  write_atomically(folder / kSafetensorsIndex, index.dump(2) + "\n");
}

}  // namespace grpo::policy
