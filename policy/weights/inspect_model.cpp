#include "policy/weights/inspect_model.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/error.h"
#include "policy/weights/gguf.h"
#include "policy/weights/safetensors.h"
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

std::string_view largest(const std::map<std::string_view, int64_t>& bytes_by_dtype) {
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

/// Fills in what the model's own numbers are; where it cannot be run, says why.
void fill_from_reader(const std::function<std::unique_ptr<WeightReader>()>& open, ModelSummary& s) {
  try {
    fill_from_config(open()->config(), s);
  } catch (const Error& error) {
    s.unsupported.emplace_back(error.what());
  }
}

// A model whose files are malformed throws before its reader is made.

void inspect_hf(const fs::path& folder, ModelSummary& s) {
  Safetensors tensors(folder);
  std::map<std::string_view, int64_t> bytes_by_dtype;
  int64_t elements = 0;
  for (const SafetensorsTensor& tensor : tensors.tensors()) {
    bytes_by_dtype[tensor.dtype] += static_cast<int64_t>(tensor.bytes.size());
    if (tensor.name.ends_with("_scale_inv")) continue;
    int64_t count = 1;
    for (const int64_t size : tensor.shape) count *= size;
    elements += count;
  }
  const std::string_view dtype = largest(bytes_by_dtype);
  const auto type = from_safetensors_dtype(dtype);
  s.dtype = type ? type_name(*type) : dtype;
  s.bytes = tensors.file_bytes();
  s.chat_template = has_chat_template(folder);
  fill_from_reader([&] { return open_hf(std::move(tensors)); }, s);
  if (s.unsupported.empty()) return;
  s.parameters = elements;
  fill_from_raw(read_json_file(folder / "config.json"), s);
}

void inspect_gguf(const fs::path& path, ModelSummary& s) {
  std::vector<GgufFile> parts = open_gguf_parts(path);
  std::map<std::string_view, int64_t> bytes_by_dtype;
  int64_t elements = 0;
  for (const GgufFile& file : parts) {
    s.bytes += static_cast<int64_t>(fs::file_size(file.path()));
    for (const GgufTensor& tensor : file.tensors()) {
      bytes_by_dtype[type_name(tensor.type)] += static_cast<int64_t>(tensor.bytes.size());
      elements += tensor.num_rows() * tensor.row_elements();
    }
  }
  s.dtype = largest(bytes_by_dtype);
  s.chat_template = parts[0].has("tokenizer.chat_template");
  const std::string family(parts[0].text("general.architecture"));
  fill_from_reader([&] { return open_gguf(std::move(parts)); }, s);
  if (s.unsupported.empty()) return;
  s.parameters = elements;
  s.family = family;
}

}  // namespace

ModelSummary inspect_model(const fs::path& model) {
  ModelSummary summary;
  if (is_model_folder(model)) {
    inspect_hf(model, summary);
  } else {
    inspect_gguf(model, summary);
  }
  return summary;
}

}  // namespace grpo::policy
