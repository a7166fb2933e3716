#include "policy/weights/inspect_model.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "policy/weights/gguf.h"
#include "policy/weights/sharded.h"
#include "policy/weights/strict_json.h"
#include "policy/weights/weight_reader.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

void fill_from_config(const ModelConfig& c, ModelSummary& s) {
  s.family = c.model_type;
  s.parameters = c.num_parameters();
  s.active_parameters = c.num_active_parameters();
  s.layers = c.num_layers;
  s.hidden = c.hidden_dim;
  s.heads = c.attention.num_heads;
  s.kv_heads = c.attention.num_kv_heads;
  s.vocabulary = c.vocab_size;
  s.context = c.max_context;
  s.kv_bytes_per_token = c.num_layers * c.kv_elements_per_token() * 2;
  s.bos = c.bos;
  s.eos = c.eos;
}

std::string largest(const std::map<std::string, int64_t>& bytes_by_dtype) {
  const auto it =
      std::ranges::max_element(bytes_by_dtype, {}, [](const auto& entry) { return entry.second; });
  return it == bytes_by_dtype.end() ? "" : it->first;
}

/// What a config.json that is not understood says under the usual names.
void fill_from_raw(const nlohmann::json& config, ModelSummary& s) {
  const auto integer = [&](const char* key) -> std::optional<int64_t> {
    const auto it = config.find(key);
    if (it == config.end() || !it->is_number_integer()) return std::nullopt;
    return it->get<int64_t>();
  };
  if (const auto it = config.find("model_type"); it != config.end() && it->is_string()) {
    s.family = it->get<std::string>();
  }
  s.layers = integer("num_hidden_layers");
  s.hidden = integer("hidden_size");
  s.heads = integer("num_attention_heads");
  s.kv_heads = integer("num_key_value_heads");
  s.vocabulary = integer("vocab_size");
  s.context = integer("max_position_embeddings");
}

bool has_chat_template(const fs::path& folder) {
  if (fs::exists(folder / "chat_template.jinja")) return true;
  const fs::path file = folder / "tokenizer_config.json";
  if (!fs::exists(file)) return false;
  const auto json = read_json_file(file);
  return json.is_object() && json.contains("chat_template") && !json["chat_template"].is_null();
}

void inspect_hf(const fs::path& folder, ModelSummary& s) {
  const ShardedSafetensors tensors(folder);
  std::map<std::string, int64_t> bytes_by_dtype;
  int64_t elements = 0;
  for (const auto& [name, entry] : tensors.tensors()) {
    const auto type = from_safetensors_dtype(entry.tensor->dtype);
    bytes_by_dtype[type ? std::string(type_name(*type)) : entry.tensor->dtype] +=
        static_cast<int64_t>(entry.tensor->bytes.size());
    if (name.ends_with("_scale_inv")) continue;
    int64_t count = 1;
    for (const int64_t size : entry.tensor->shape) count *= size;
    elements += count;
  }
  s.dtype = largest(bytes_by_dtype);
  for (const SafetensorsFile& file : tensors.files()) {
    s.bytes += static_cast<int64_t>(fs::file_size(file.path()));
  }
  s.chat_template = has_chat_template(folder);
  if (s.unsupported.empty()) return;
  s.parameters = elements;
  fill_from_raw(read_json_file(folder / "config.json"), s);
}

void inspect_gguf(const fs::path& path, ModelSummary& s) {
  const std::vector<GgufFile> parts = open_gguf_parts(path);
  std::map<std::string, int64_t> bytes_by_dtype;
  int64_t elements = 0;
  for (const GgufFile& file : parts) {
    s.bytes += static_cast<int64_t>(fs::file_size(file.path()));
    for (const GgufTensor& tensor : file.tensors()) {
      bytes_by_dtype[std::string(type_name(tensor.type))] +=
          static_cast<int64_t>(tensor.bytes.size());
      elements += tensor.num_rows() * tensor.row_elements();
    }
  }
  s.dtype = largest(bytes_by_dtype);
  s.chat_template = parts[0].has("tokenizer.chat_template");
  if (s.unsupported.empty()) return;
  s.parameters = elements;
  s.family = parts[0].text("general.architecture");
}

}  // namespace

ModelSummary inspect_model(const fs::path& model) {
  check_input(fs::exists(model), "{}: no such model", model.string());
  check_input(!fs::is_directory(model) || fs::exists(model / "config.json"),
              "{}: no config.json in the folder", model.string());
  ModelSummary summary;
  try {
    fill_from_config(WeightReader::open(model)->config(), summary);
  } catch (const Error& error) {
    summary.unsupported.emplace_back(error.what());
  }
  // A model whose files are malformed throws here.
  if (fs::is_directory(model)) {
    inspect_hf(model, summary);
  } else {
    inspect_gguf(model, summary);
  }
  return summary;
}

}  // namespace grpo::policy
