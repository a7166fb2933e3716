#include "policy/weights/weight_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace grpo::policy {

namespace fs = std::filesystem;

std::unique_ptr<WeightReader> WeightReader::open(const fs::path& model) {
  check_input(fs::exists(model),
              "{}: no such model: expected a folder with config.json and *.safetensors, or a .gguf "
              "file",
              model.string());
  if (model.extension() == ".gguf" && !fs::is_directory(model)) return open_gguf(model);
  check_input(fs::is_directory(model), "{}: neither a folder nor a .gguf file", model.string());
  check_input(fs::exists(model / "config.json"), "{}: no config.json in the folder",
              model.string());
  return open_hf(model);
}

void WeightReader::set_config(ModelConfig config,
                              TensorPlace (*place_of)(const ModelConfig&, const ParameterInfo&)) {
  config_ = std::move(config);
  parameters_ = parameter_list(config_);
  places_.reserve(parameters_.size());
  for (const ParameterInfo& parameter : parameters_) {
    index_.emplace(parameter.name, places_.size());
    places_.push_back(place_of(config_, parameter));
  }
}

size_t WeightReader::index_of(std::string_view own_name) const {
  const auto it = index_.find(std::string(own_name));
  check(it != index_.end(), "{}: the model has no such parameter", own_name);
  return it->second;
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
}

void check_finite(const WeightReader& reader) {
  std::vector<float> values;
  for (const ParameterInfo& parameter : reader.parameters()) {
    const int64_t row_elements = parameter.shape.size() > 1 ? parameter.shape[1] : 1;
    const int64_t step = std::max<int64_t>(1, (1 << 20) / row_elements);
    for (int64_t begin = 0; begin < parameter.shape[0]; begin += step) {
      const int64_t end = std::min(begin + step, parameter.shape[0]);
      values.resize(static_cast<size_t>((end - begin) * row_elements));
      reader.read_rows(parameter.name, begin, end, values.data());
      const auto bad = std::ranges::find_if(values, [](float v) { return !std::isfinite(v); });
      check_input(bad == values.end(), "{}: row {}: a weight is {}", parameter.name,
                  begin + (bad - values.begin()) / row_elements, bad == values.end() ? 0 : *bad);
    }
  }
}

}  // namespace grpo::policy
