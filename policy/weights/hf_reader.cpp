#include <algorithm>
#include <set>

#include "base/error.h"
#include "policy/weights/dequant.h"
#include "policy/weights/hf_config.h"
#include "policy/weights/sharded.h"
#include "policy/weights/weight_reader.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScaleSuffix = "_scale_inv";

/// Block sizes of `quantization_config`; nothing for a model that is not FP8.
struct Fp8Blocks {
  int64_t rows = 0, columns = 0;
};

class HfReader final : public WeightReader {
 public:
  explicit HfReader(const fs::path& folder);

 private:
  struct Stored {
    StoredType type;
    const std::byte* bytes;
    std::vector<float> scales;  // FP8: [blocks of rows, blocks of columns]
  };

  const Stored& store(const TensorPlace& place);
  std::vector<float> read_scales(const std::string& where, const TensorPlace& place);
  void check_unexpected() const;
  void read(size_t index, int64_t begin, int64_t end, float* out) const override;

  ShardedSafetensors tensors_;
  Fp8Blocks fp8_;
  std::map<std::string, Stored, std::less<>> stored_;  // by Hugging Face name
  std::vector<const Stored*> by_parameter_;
  std::set<std::string> used_scales_;
};

HfReader::HfReader(const fs::path& folder) : tensors_(folder) {
  const fs::path file = folder / "config.json";
  const auto json = read_json_file(file);
  ModelConfig config = ModelConfig::from_hf(json, file);
  if (const fs::path generation = folder / "generation_config.json"; fs::exists(generation)) {
    const auto generation_json = read_json_file(generation);
    JsonFields fields(generation_json, generation.string());
    read_special_ids(fields, config);
  }
  config.tied_embeddings = config.tied_embeddings && !tensors_.find("lm_head.weight");
  const auto quantization = json.find("quantization_config");
  if (quantization != json.end() && !quantization->is_null()) {
    JsonFields fields(*quantization, file.string());  // checked by from_hf
    const auto sizes = fields.integers("weight_block_size");
    fp8_ = {.rows = sizes[0], .columns = sizes[1]};
  }
  set_config(std::move(config), hf_place);
  for (size_t i = 0; i < parameters().size(); ++i) by_parameter_.push_back(&store(place(i)));
  check_unexpected();
}

const HfReader::Stored& HfReader::store(const TensorPlace& place) {
  if (const auto it = stored_.find(place.name); it != stored_.end()) return it->second;
  const auto* entry = tensors_.find(place.name);
  check_input(entry != nullptr, "{}: {}: missing",
              tensors_.files().front().path().parent_path().string(), place.name);
  const std::string where = entry->file->path().string() + ": " + place.name;
  check_input(entry->tensor->shape == place.shape, "{}: expected [{}], got [{}]", where,
              fmt::join(place.shape, ", "), fmt::join(entry->tensor->shape, ", "));
  const auto type = from_safetensors_dtype(entry->tensor->dtype);
  check_input(type.has_value(), "{}: dtype {} is not supported for a weight", where,
              entry->tensor->dtype);
  Stored stored{.type = *type, .bytes = entry->tensor->bytes.data(), .scales = {}};
  if (*type == StoredType::kF8E4m3) stored.scales = read_scales(where, place);
  return stored_.emplace(place.name, std::move(stored)).first->second;
}

std::vector<float> HfReader::read_scales(const std::string& where, const TensorPlace& place) {
  check_input(fp8_.rows > 0 && place.shape.size() == 2,
              "{}: FP8, but config.json has no weight_block_size for it", where);
  const std::string name = fmt::format("{}{}", place.name, kScaleSuffix);
  const auto* entry = tensors_.find(name);  // may lie in another shard
  check_input(entry != nullptr, "{}: {} is missing", where, name);
  const std::vector<int64_t> want = {(place.shape[0] + fp8_.rows - 1) / fp8_.rows,
                                     (place.shape[1] + fp8_.columns - 1) / fp8_.columns};
  check_input(entry->tensor->shape == want, "{}: {}: expected [{}], got [{}]",
              entry->file->path().string(), name, fmt::join(want, ", "),
              fmt::join(entry->tensor->shape, ", "));
  const auto type = from_safetensors_dtype(entry->tensor->dtype);
  check_input(type && type != StoredType::kF8E4m3, "{}: {}: dtype {} is not supported for a scale",
              entry->file->path().string(), name, entry->tensor->dtype);
  std::vector<float> scales(static_cast<size_t>(want[0] * want[1]));
  dequantize(*type, entry->tensor->bytes.data(), want[0] * want[1], scales.data());
  used_scales_.insert(name);
  return scales;
}

void HfReader::check_unexpected() const {
  std::vector<std::string> unexpected;
  for (const auto& [name, entry] : tensors_.tensors()) {
    if (stored_.contains(name) || used_scales_.contains(std::string(name)) ||
        is_harmless_extra(config(), name)) {
      continue;
    }
    unexpected.push_back(fmt::format("{}: {}", entry.file->path().string(), name));
  }
  check_input(unexpected.empty(),
              "{}: not part of a {} model of this config.json ({} such tensors)",
              unexpected.empty() ? "" : unexpected[0], config().model_type, unexpected.size());
}

void HfReader::read(size_t index, int64_t begin, int64_t end, float* out) const {
  const Stored& stored = *by_parameter_[index];
  const TensorPlace& at = place(index);
  const int64_t columns = at.shape.size() > 1 ? at.shape[1] : 1;
  const int64_t first = at.first_row + begin;
  const int64_t count = (end - begin) * columns;
  dequantize(stored.type, stored.bytes + stored_bytes(stored.type, first * columns), count, out);
  if (stored.scales.empty()) return;
  const int64_t blocks = (columns + fp8_.columns - 1) / fp8_.columns;
  for (int64_t row = 0; row < end - begin; ++row) {
    const float* scales = stored.scales.data() + (first + row) / fp8_.rows * blocks;
    for (int64_t column = 0; column < columns; ++column) {
      out[row * columns + column] *= scales[column / fp8_.columns];
    }
  }
}

}  // namespace

std::unique_ptr<WeightReader> open_hf(const fs::path& folder) {
  return std::make_unique<HfReader>(folder);
}

}  // namespace grpo::policy
