#include "policy/weights/gguf_model.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.h"
#include "policy/weights/gguf_architecture.h"
#include "policy/weights/hf_names.h"
#include "policy/weights/llama3_rope.h"

namespace grpo::policy {
namespace {

using Sink = std::function<void(std::span<const std::byte>)>;

/// What of its parameters a tensor holds.
enum class Part {
  kRows,      ///< as they stand
  kPermuted,  ///< q and k of Llama: pairs of rows beside each other
  kKeys,      ///< of kv_b, per head transposed: [heads, kv_lora, nope]
  kValues,    ///< of kv_b: [heads, v, kv_lora]
};

struct Output {
  Part part = Part::kRows;
  std::vector<ParameterInfo> parameters;  ///< one below the other
};

class GgufModel {
 public:
  GgufModel(const ModelConfig& config, const RowSource& source, const GgufWriteOptions& options)
      : config_(config), source_(source), options_(options) {
    list_tensors();
  }

  const std::vector<GgufSpec>& specs() const { return specs_; }
  void send(const GgufSpec& spec, const Sink& sink);

 private:
  void list_tensors();
  void add(const std::string& name, std::vector<int64_t> shape, Part part,
           const ParameterInfo& parameter);
  StoredType type_of(const ParameterInfo& parameter, int64_t row_elements) const;
  void send_numbers(const GgufSpec& spec, std::span<const float> values, const Sink& sink);
  void send_permuted(const GgufSpec& spec, const ParameterInfo& parameter, const Sink& sink);
  void send_of_kv_b(const GgufSpec& spec, const ParameterInfo& parameter, bool keys,
                    const Sink& sink);

  const ModelConfig& config_;
  const RowSource& source_;
  const GgufWriteOptions& options_;
  std::vector<GgufSpec> specs_;
  std::map<std::string, Output, std::less<>> outputs_;
  std::vector<float> rows_, arranged_;
  std::vector<std::byte> bytes_;
};

StoredType GgufModel::type_of(const ParameterInfo& parameter, int64_t row_elements) const {
  if (parameter.shape.size() == 1 || parameter.name.ends_with("router")) return StoredType::kF32;
  const bool whole_blocks = row_elements % block_layout(options_.type).elements == 0;
  return whole_blocks ? options_.type : options_.unblocked_type;
}

void GgufModel::add(const std::string& name, std::vector<int64_t> shape, Part part,
                    const ParameterInfo& parameter) {
  auto [it, added] = outputs_.try_emplace(name);
  if (added) {
    it->second.part = part;
    specs_.push_back({.name = name, .type = type_of(parameter, shape.back()), .shape = shape});
  }
  it->second.parameters.push_back(parameter);
}

void GgufModel::list_tensors() {
  const AttentionConfig& a = config_.attention;
  const bool permuted = find_gguf_architecture(config_.model_type)->permuted;
  if (config_.rope.scaling == RopeScalingKind::kLlama3 || !config_.rope.frequency_factors.empty()) {
    specs_.push_back({.name = "rope_freqs.weight",
                      .type = StoredType::kF32,
                      .shape = {config_.rope.rotary_dim / 2}});
  }
  for (const ParameterInfo& parameter : parameter_list(config_)) {
    const TensorPlace place = gguf_place(config_, parameter);
    if (parameter.name.ends_with("attention.kv_b")) {
      const std::string stem = place.name.substr(0, place.name.find("attn_kv_b"));
      add(stem + "attn_k_b.weight", {a.num_heads, a.kv_lora_rank, a.nope_dim}, Part::kKeys,
          parameter);
      add(stem + "attn_v_b.weight", {a.num_heads, a.v_head_dim, a.kv_lora_rank}, Part::kValues,
          parameter);
      continue;
    }
    const bool q_or_k = is_rotated(parameter.name);
    add(place.name, place.shape, permuted && q_or_k ? Part::kPermuted : Part::kRows, parameter);
  }
}

void GgufModel::send(const GgufSpec& spec, const Sink& sink) {
  if (spec.name == "rope_freqs.weight") {
    const auto factors = config_.rope.frequency_factors.empty() ? llama3_factors(config_.rope)
                                                                : config_.rope.frequency_factors;
    send_numbers(spec, std::vector<float>(factors.begin(), factors.end()), sink);
    return;
  }
  const Output& output = outputs_.find(spec.name)->second;
  for (const ParameterInfo& parameter : output.parameters) {
    switch (output.part) {
      case Part::kRows:
        send_rows(source_, parameter, spec.type, spec.name, sink);
        break;
      case Part::kPermuted:
        send_permuted(spec, parameter, sink);
        break;
      case Part::kKeys:
      case Part::kValues:
        send_of_kv_b(spec, parameter, output.part == Part::kKeys, sink);
        break;
    }
  }
}

void GgufModel::send_numbers(const GgufSpec& spec, std::span<const float> values,
                             const Sink& sink) {
  bytes_.resize(static_cast<size_t>(stored_bytes(spec.type, static_cast<int64_t>(values.size()))));
  quantize(spec.type, values, bytes_.data(), spec.name);
  sink(bytes_);
}

void GgufModel::send_permuted(const GgufSpec& spec, const ParameterInfo& parameter,
                              const Sink& sink) {
  const int64_t columns = parameter.columns();
  const int64_t head = config_.attention.head_dim;
  rows_.resize(static_cast<size_t>(head * columns));
  arranged_.resize(rows_.size());
  for (int64_t begin = 0; begin < parameter.shape[0]; begin += head) {
    source_(parameter.name, begin, begin + head, rows_.data());
    for (int64_t row = 0; row < head; ++row) {  // row s * D/2 + j goes to 2 j + s
      const int64_t to = row % (head / 2) * 2 + row / (head / 2);
      std::copy_n(rows_.begin() + row * columns, columns, arranged_.begin() + to * columns);
    }
    send_numbers(spec, arranged_, sink);
  }
}

void GgufModel::send_of_kv_b(const GgufSpec& spec, const ParameterInfo& parameter, bool keys,
                             const Sink& sink) {
  const AttentionConfig& a = config_.attention;
  const int64_t columns = a.kv_lora_rank;
  for (int64_t head = 0; head < a.num_heads; ++head) {  // its rows: nope, then v
    const int64_t first = head * (a.nope_dim + a.v_head_dim) + (keys ? 0 : a.nope_dim);
    const int64_t count = keys ? a.nope_dim : a.v_head_dim;
    rows_.resize(static_cast<size_t>(count * columns));
    source_(parameter.name, first, first + count, rows_.data());
    if (keys) {
      arranged_.resize(rows_.size());
      for (int64_t row = 0; row < count; ++row) {
        for (int64_t c = 0; c < columns; ++c) {
          arranged_[static_cast<size_t>(c * count + row)] =
              rows_[static_cast<size_t>(row * columns + c)];
        }
      }
    }
    send_numbers(spec, keys ? arranged_ : rows_, sink);
  }
}

/// llama.cpp's names for what most of the file is (gguf-py, LlamaFileType).
int64_t file_type(StoredType type) {
  switch (type) {
    case StoredType::kF32:
      return 0;
    case StoredType::kF16:
      return 1;
    case StoredType::kQ8_0:
      return 7;
    case StoredType::kBf16:
      return 32;
    default:
      throw Error(fmt::format("{}: models are not written in this type", type_name(type)), 2);
  }
}

}  // namespace

void write_gguf(const std::filesystem::path& file, const ModelConfig& config,
                const RowSource& source, const GgufWriteOptions& options) {
  GgufMetadata metadata = config.to_gguf();
  if (!options.name.empty()) metadata.add_text("general.name", options.name);
  metadata.add_integer("general.file_type", file_type(options.type));
  metadata.add_integer("general.quantization_version", 2);
  if (options.add_metadata) options.add_metadata(metadata);
  GgufModel model(config, source, options);
  write_gguf_file(file, metadata, model.specs(),
                  [&](const GgufSpec& spec, const auto& sink) { model.send(spec, sink); });
}

}  // namespace grpo::policy
