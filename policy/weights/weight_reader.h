#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_table.h"
#include "policy/model_config.h"
#include "policy/weights/gguf.h"
#include "policy/weights/hf_names.h"
#include "policy/weights/safetensors.h"

namespace grpo::policy {

/// A published checkpoint as the decoder's own parameters (hf_names.h), whatever it is stored in.
class WeightReader {
 public:
  /// Opens a Hugging Face folder (config.json and safetensors) or a .gguf file (the first, when
  /// split). Reads headers only, but checks that every parameter is there with its shape and that
  /// nothing else is. Throws Error naming file and tensor, or what was looked for.
  static std::unique_ptr<WeightReader> open(const std::filesystem::path& model);
  virtual ~WeightReader() = default;

  /// As the files have it: the head is tied exactly when no head is stored.
  const ModelConfig& config() const { return config_; }
  const std::vector<ParameterInfo>& parameters() const { return parameters_; }
  bool has(std::string_view own_name) const { return find(own_name).has_value(); }
  /// Throws Error when there is no such parameter.
  const std::vector<int64_t>& shape(std::string_view own_name) const;

  /// Rows [begin, end) of a [out, in] parameter, or elements of a [n] one, as float32 in Hugging
  /// Face's row order: GGUF's rotary permutation undone, fused and stacked tensors cut apart, FP8
  /// multiplied by its block scales, kv_b put together from k_b and v_b. `out` holds
  /// (end - begin) * in numbers. Any thread may call it. Throws Error on a range outside, and Error
  /// (exit code 2) naming model, stored tensor, parameter and its row of a NaN or an infinity: no
  /// model is run with one.
  void read_rows(std::string_view own_name, int64_t begin, int64_t end, float* out) const;

 protected:
  WeightReader() = default;
  /// Fixes the configuration, hence the parameters. `place_of` says where each is stored; `model`
  /// begins errors.
  void set_config(const std::filesystem::path& model, ModelConfig config,
                  TensorPlace (*place_of)(const ModelConfig&, const ParameterInfo&));
  size_t index_of(std::string_view own_name) const;
  TensorPlace place(size_t index) const { return place_of_(config_, parameters_[index]); }
  /// What the files call the tensor that holds a parameter.
  virtual std::string stored_name(size_t index) const { return place(index).name; }

 private:
  std::optional<size_t> find(std::string_view own_name) const;
  virtual void read(size_t index, int64_t begin, int64_t end, float* out) const = 0;

  std::string model_;
  ModelConfig config_;
  std::vector<ParameterInfo> parameters_;
  TensorPlace (*place_of_)(const ModelConfig&, const ParameterInfo&) = nullptr;
  NameIndex index_;  // over parameters_
};

/// Whether the model is a folder; else it is a .gguf file. Throws Error saying what was looked for
/// when it is neither, or a folder without config.json.
bool is_model_folder(const std::filesystem::path& model);

/// The two kinds of reader, of files that are open already.
std::unique_ptr<WeightReader> open_hf(Safetensors tensors);
std::unique_ptr<WeightReader> open_gguf(std::vector<GgufFile> files);

}  // namespace grpo::policy
