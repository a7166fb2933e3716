#include "policy/weights/weight_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <utility>

#include "base/error.h"

namespace grpo::policy {

namespace fs = std::filesystem;

namespace {

/// As integers, without a branch per weight: loading a model costs no more for it.
bool all_finite(std::span<const float> values) {
  constexpr uint32_t kExponent = 0x7f800000;
  uint32_t bad = 0;
  for (const float v : values) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(v) & kExponent) == kExponent);
  }
  return bad == 0;
}

}  // namespace

bool is_model_folder(const fs::path& model) {
  check_input(fs::exists(model),
              "{}: no such model: expected a folder with config.json and *.safetensors, or a .gguf "
              "file",
              model.string());
  if (model.extension() == ".gguf" && !fs::is_directory(model)) return false;
  check_input(fs::is_directory(model), "{}: neither a folder nor a .gguf file", model.string());
  check_input(fs::exists(model / "config.json"), "{}: no config.json in the folder",
              model.string());
  return true;
}

std::unique_ptr<WeightReader> WeightReader::open(const fs::path& model) {
  if (is_model_folder(model)) return open_hf(Safetensors(model));
  return open_gguf(open_gguf_parts(model));
}

void WeightReader::set_config(const fs::path& model, ModelConfig config,
                              TensorPlace (*place_of)(const ModelConfig&, const ParameterInfo&)) {
  model_ = model.string();
  config_ = std::move(config);
  place_of_ = place_of;
  parameters_ = parameter_list(config_);
  index_.reserve(parameters_.size());
  for (size_t i = 0; i < parameters_.size(); ++i) {
    index_.insert(i, [&](size_t at) { return std::string_view(parameters_[at].name); });
  }
}

std::optional<size_t> WeightReader::find(std::string_view own_name) const {
  return index_.find(own_name, [&](size_t at) { return std::string_view(parameters_[at].name); });
}

size_t WeightReader::index_of(std::string_view own_name) const {
  const auto index = find(own_name);
  check(index.has_value(), "{}: the model has no such parameter", own_name);
  return *index;
}

const std::vector<int64_t>& WeightReader::shape(std::string_view own_name) const {
  return parameters_[index_of(own_name)].shape;
}

void WeightReader::read_rows(std::string_view own_name, int64_t begin, int64_t end,
                             float* out) const {
  const size_t index = index_of(own_name);
  const int64_t rows = parameters_[index].shape[0];
  check(0 <= begin && begin <= end && end <= rows, "{}: rows {}..{} of {}", own_name, begin, end,
        rows);
  read(index, begin, end, out);
  const int64_t row_elements = parameters_[index].columns();
  const std::span<const float> values(out, static_cast<size_t>((end - begin) * row_elements));
  if (all_finite(values)) return;
  const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
  check_input(false, "{}: {}: row {} of {}: a weight is {}", model_, stored_name(index),
              begin + (bad - values.begin()) / row_elements, own_name, *bad);
}

}  // namespace grpo::policy
