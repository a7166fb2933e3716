#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
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
    // FP8: [blocks of rows, blocks of columns]; read with the weights, as a large model has many.
    StoredType scale_type = StoredType::kF32;
    const std::byte* scales = nullptr;
  };

  const Stored& store(const TensorPlace& place);
  void find_scales(const std::string& where, const TensorPlace& place, Stored& stored);
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
  Stored stored{.type = *type, .bytes = entry->tensor->bytes.data()};
  if (*type == StoredType::kF8E4m3) find_scales(where, place, stored);
  return stored_.emplace(place.name, stored).first->second;
}

void HfReader::find_scales(const std::string& where, const TensorPlace& place, Stored& stored) {
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
  stored.scale_type = *type;
  stored.scales = entry->tensor->bytes.data();
  used_scales_.insert(name);
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
  const std::byte* bytes = stored.bytes + stored_bytes(stored.type, first * columns);
  dequantize(stored.type, bytes, count, out);
  // With what the system may have mapped around the first page touched: a folio of up to 2 MiB.
  const auto before = std::min<std::ptrdiff_t>(bytes - stored.bytes, 2 << 20);
  release_pages({bytes - before, static_cast<size_t>(before + stored_bytes(stored.type, count))});
  if (!stored.scales) return;
  const int64_t blocks = (columns + fp8_.columns - 1) / fp8_.columns;
  std::vector<float> scales(static_cast<size_t>(blocks));  // of one row of blocks
  for (int64_t row = 0; row < end - begin; ++row) {
    if (row == 0 || (first + row) % fp8_.rows == 0) {
      const int64_t block = (first + row) / fp8_.rows * blocks;
      dequantize(stored.scale_type, stored.scales + stored_bytes(stored.scale_type, block), blocks,
                 scales.data());
    }
    for (int64_t column = 0; column < columns; ++column) {
      out[row * columns + column] *= scales[static_cast<size_t>(column / fp8_.columns)];
    }
  }
}

}  // namespace

std::unique_ptr<WeightReader> open_hf(const fs::path& folder) {
  return std::make_unique<HfReader>(folder);
}

}  // namespace grpo::policy
