#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "policy/weights/dequant.h"
#include "policy/weights/hf_config.h"
#include "policy/weights/safetensors.h"
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
  explicit HfReader(Safetensors tensors);

 private:
  struct Stored {
    StoredType type;
    const std::byte* bytes;
    // FP8: [blocks of rows, blocks of columns]; read with the weights, as a large model has many.
    StoredType scale_type = StoredType::kF32;
    const std::byte* scales = nullptr;
  };

  const SafetensorsTensor* use(std::string_view name);
  Stored store(const TensorPlace& place);
  void find_scales(const char* file, const TensorPlace& place, Stored& stored);
  void check_unexpected() const;
  void read(size_t index, int64_t begin, int64_t end, float* out) const override;

  Safetensors tensors_;
  Fp8Blocks fp8_;
  std::vector<Stored> stored_;  // by parameter
  std::vector<bool> used_;      // by tensor of the files
};

HfReader::HfReader(Safetensors tensors)
    : tensors_(std::move(tensors)), used_(tensors_.tensors().size()) {
  const fs::path file = tensors_.path() / "config.json";
  const auto json = read_json_file(file);
  ModelConfig config = ModelConfig::from_hf(json, file);
  const auto generation = read_generation_config(tensors_.path());
  JsonFields special_ids(generation, (tensors_.path() / "generation_config.json").string());
  read_special_ids(special_ids, config);
  config.tied_embeddings = config.tied_embeddings && !tensors_.find("lm_head.weight");
  const auto quantization = json.find("quantization_config");
  if (quantization != json.end() && !quantization->is_null()) {
    JsonFields fields(*quantization, file.string());  // checked by from_hf
    const auto sizes = fields.integers("weight_block_size");
    fp8_ = {.rows = sizes[0], .columns = sizes[1]};
  }
  set_config(tensors_.path(), std::move(config), hf_place);
  stored_.reserve(parameters().size());
  for (size_t i = 0; i < parameters().size(); ++i) stored_.push_back(store(place(i)));
  check_unexpected();
}

const SafetensorsTensor* HfReader::use(std::string_view name) {
  const SafetensorsTensor* tensor = tensors_.find(name);
  if (tensor) used_[static_cast<size_t>(tensor - tensors_.tensors().data())] = true;
  return tensor;
}

HfReader::Stored HfReader::store(const TensorPlace& place) {
  const SafetensorsTensor* tensor = use(place.name);
  check_input(tensor != nullptr, "{}: {}: missing", tensors_.path().c_str(), place.name);
  const char* file = tensor->file->c_str();
  check_input(std::ranges::equal(tensor->shape, place.shape), "{}: {}: expected [{}], got [{}]",
              file, place.name, fmt::join(place.shape, ", "), fmt::join(tensor->shape, ", "));
  const auto type = from_safetensors_dtype(tensor->dtype);
  check_input(type.has_value(), "{}: {}: dtype {} is not supported for a weight", file, place.name,
              tensor->dtype);
  Stored stored{.type = *type, .bytes = tensor->bytes.data()};
  if (*type == StoredType::kF8E4m3) find_scales(file, place, stored);
  return stored;
}

void HfReader::find_scales(const char* file, const TensorPlace& place, Stored& stored) {
  check_input(fp8_.rows > 0 && place.shape.size() == 2,
              "{}: {}: FP8, but config.json has no weight_block_size for it", file, place.name);
  std::string name;
  name.reserve(place.name.size() + kScaleSuffix.size());
  name.append(place.name).append(kScaleSuffix);
  const SafetensorsTensor* tensor = use(name);  // may lie in another shard
  check_input(tensor != nullptr, "{}: {}: {} is missing", file, place.name, name);
  const int64_t want[] = {(place.shape[0] + fp8_.rows - 1) / fp8_.rows,
                          (place.shape[1] + fp8_.columns - 1) / fp8_.columns};
  check_input(std::ranges::equal(tensor->shape, want), "{}: {}: expected [{}], got [{}]",
              tensor->file->c_str(), name, fmt::join(want, ", "), fmt::join(tensor->shape, ", "));
  const auto type = from_safetensors_dtype(tensor->dtype);
  check_input(type && type != StoredType::kF8E4m3, "{}: {}: dtype {} is not supported for a scale",
              tensor->file->c_str(), name, tensor->dtype);
  stored.scale_type = *type;
  stored.scales = tensor->bytes.data();
}

void HfReader::check_unexpected() const {
  size_t unexpected = 0;
  const SafetensorsTensor* first = nullptr;
  for (size_t i = 0; i < used_.size(); ++i) {
    const SafetensorsTensor& tensor = tensors_.tensors()[i];
    if (used_[i] || is_harmless_extra(config(), tensor.name)) continue;
    if (unexpected++ == 0) first = &tensor;
  }
  check_input(
      first == nullptr, "{}: {}: not part of a {} model of this config.json ({} such tensors)",
      first ? first->file->c_str() : "", first ? first->name : "", config().model_type, unexpected);
}

void HfReader::read(size_t index, int64_t begin, int64_t end, float* out) const {
  const Stored& stored = stored_[index];
  const TensorPlace at = place(index);
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

std::unique_ptr<WeightReader> open_hf(Safetensors tensors) {
  return std::make_unique<HfReader>(std::move(tensors));
}

}  // namespace grpo::policy
