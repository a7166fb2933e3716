#include "policy/weights/hf_writer.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "policy/weights/hf_names.h"
#include "policy/weights/safetensors_writer.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

struct DtypeNames {
  std::string safetensors, torch;
};
DtypeNames names_of(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return {.safetensors = "F32", .torch = "float32"};
    case StoredType::kBf16:
      return {.safetensors = "BF16", .torch = "bfloat16"};
    case StoredType::kF16:
      return {.safetensors = "F16", .torch = "float16"};
    default:
      throw Error(fmt::format("{}: models are not written in this type", type_name(type)), 2);
  }
}

/// A tensor to write: the parameters it holds, one below the other.
struct Output {
  SafetensorsSpec spec;
  std::vector<const ParameterInfo*> parts;
};

}  // namespace

void write_hf_files(const fs::path& dir, const ModelConfig& config, const RowSource& source,
                    const HfWriteOptions& options) {
  const DtypeNames dtype = names_of(options.dtype);
  nlohmann::json json = config.to_hf();
  json["torch_dtype"] = dtype.torch;
  // The form of this file. Without it 4.57.6 takes every large vocabulary for Mistral's, and
  // advises a "fix" that would change the ids.
  json["transformers_version"] = "4.57.1";
  json.update(options.extra);
  write_atomically(dir / "config.json", json.dump(2) + "\n");
  nlohmann::json generation = options.generation;
  for (const char* key : {"bos_token_id", "eos_token_id"}) generation[key] = json[key];
  generation.erase("pad_token_id");
  if (config.pad) generation["pad_token_id"] = *config.pad;
  write_atomically(dir / "generation_config.json", generation.dump(2) + "\n");

  const auto parameters = parameter_list(config);
  std::vector<SafetensorsSpec> specs;  // in the model's order, which decides the shards
  std::map<std::string, Output, std::less<>> outputs;
  for (const ParameterInfo& parameter : parameters) {
    const TensorPlace place = hf_place(config, parameter);
    auto [it, added] = outputs.try_emplace(place.name);
    Output& output = it->second;
    if (added) {
      const bool keep = parameter.name.ends_with("correction_bias");
      output.spec = {
          .name = place.name, .dtype = keep ? "F32" : dtype.safetensors, .shape = place.shape};
      specs.push_back(output.spec);
    }
    output.parts.push_back(&parameter);
  }
  write_sharded(dir, specs, options.shard_bytes,
                [&](const SafetensorsSpec& spec, const ByteSink& sink) {
                  const StoredType type = *from_safetensors_dtype(spec.dtype);
                  for (const ParameterInfo* part : outputs.find(spec.name)->second.parts) {
                    send_rows(source, *part, type, spec.name, sink);
                  }
                });
}

void write_hf(const fs::path& dir, const ModelConfig& config, const RowSource& source,
              const HfWriteOptions& options) {
  write_folder_atomically(dir, [&](const fs::path& staging) {
    write_hf_files(staging, config, source, options);
    if (options.add_files) options.add_files(staging);
  });
}

}  // namespace grpo::policy
