#include "policy/weights/gguf_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "policy/weights/gguf.h"
#include "tests/support/expect_error.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

void expect_same_weights(const WeightReader& got, const WeightReader& want) {
  ASSERT_EQ(got.parameters().size(), want.parameters().size());
  for (const ParameterInfo& parameter : want.parameters()) {
    EXPECT_EQ(read_all(got, parameter.name), read_all(want, parameter.name)) << parameter.name;
  }
}

TEST(GoldenGgufModel, FilesAreThoseOfTheGgufPackage) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("written"));
  for (const auto& [name, type] :
       {std::pair{"bf16.gguf", StoredType::kBf16}, {"q8_0.gguf", StoredType::kQ8_0}}) {
    GgufWriteOptions options;
    options.type = type;
    options.name = "written";
    write_gguf(folder / name, reader->config(), rows_of(*reader), options);
    EXPECT_TRUE(slurp(folder / name) == slurp(golden("written") / name)) << name;
  }
}

// Independent of the writer: both files are made by the gguf package
// (tests/golden/weights/make.py).
TEST(GoldenGgufModel, ExpertsAndLatentsLieAsInLlamaCpp) {
  const TemporaryFolder folder;
  for (const auto& [hf, made] : {std::pair{"mixtral", "mixtral_gguf/model.gguf"},
                                 {"deepseek_v3", "deepseek_gguf/model.gguf"}}) {
    const auto reader = WeightReader::open(golden(hf));
    GgufWriteOptions options;
    options.type = StoredType::kF32;
    const auto path = folder / (std::string(hf) + ".gguf");
    write_gguf(path, reader->config(), rows_of(*reader), options);
    const GgufFile got(path), want(golden(made));
    ASSERT_EQ(got.tensors().size(), want.tensors().size());
    for (const GgufTensor& tensor : want.tensors()) {
      const GgufTensor* same = got.find(tensor.name);
      ASSERT_NE(same, nullptr) << tensor.name;
      EXPECT_EQ(same->shape, tensor.shape) << tensor.name;
      EXPECT_TRUE(std::ranges::equal(same->bytes, tensor.bytes)) << tensor.name;
    }
    for (const std::string_view key : want.keys()) {
      if (key.starts_with("tokenizer.")) continue;  // the tokenizer's
      ASSERT_TRUE(got.has(key)) << key;
      if (key.ends_with(".type") || key == "general.architecture") {
        EXPECT_EQ(got.text(key), want.text(key)) << key;
      } else if (key.ends_with("_norm")) {
        EXPECT_EQ(got.boolean(key), want.boolean(key)) << key;
      } else {
        EXPECT_EQ(got.number(key), want.number(key)) << key;
      }
    }
  }
}

/// A model of random but fixed numbers, exact in bfloat16 and float16.
float number_at(std::string_view name, int64_t row, int64_t column) {
  const size_t hash = std::hash<std::string_view>()(name) + static_cast<size_t>(row * 131 + column);
  return static_cast<float>(static_cast<int>(hash * 2654435761u >> 7 & 0xff) - 128) / 64;
}

RowSource made_rows(const ModelConfig& config) {
  std::map<std::string, int64_t, std::less<>> columns;
  for (const ParameterInfo& parameter : parameter_list(config)) {
    columns[parameter.name] = parameter.shape.size() > 1 ? parameter.shape[1] : 1;
  }
  return [columns](std::string_view name, int64_t begin, int64_t end, float* out) {
    const int64_t width = columns.find(name)->second;
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t column = 0; column < width; ++column) *out++ = number_at(name, row, column);
    }
  };
}

json config_of(const std::string& model_type, const json& more = {}) {
  json c = {{"model_type", model_type},    {"vocab_size", 40},
            {"hidden_size", 32},           {"intermediate_size", 64},
            {"num_hidden_layers", 4},      {"num_attention_heads", 4},
            {"num_key_value_heads", 2},    {"head_dim", 8},
            {"rms_norm_eps", 1e-6},        {"max_position_embeddings", 512},
            {"tie_word_embeddings", true}, {"rope_theta", 500000}};
  if (!more.is_null()) c.update(more);
  return c;
}

json deepseek(const std::string& model_type, const json& more) {
  json c = config_of(model_type, {{"num_key_value_heads", 4},
                                  {"head_dim", 4},
                                  {"qk_nope_head_dim", 8},
                                  {"qk_rope_head_dim", 4},
                                  {"v_head_dim", 8},
                                  {"kv_lora_rank", 16},
                                  {"n_routed_experts", 4},
                                  {"num_experts_per_tok", 2},
                                  {"moe_intermediate_size", 32},
                                  {"n_shared_experts", 1},
                                  {"first_k_dense_replace", 1},
                                  {"routed_scaling_factor", 2.5}});
  c.update(more);
  return c;
}

const json kYarn = {{"type", "yarn"},
                    {"factor", 4.0},
                    {"original_max_position_embeddings", 128},
                    {"beta_fast", 16}};

std::vector<json> families() {
  json mscale = kYarn;
  mscale["mscale"] = mscale["mscale_all_dim"] = 0.707;
  const json experts = {{"num_experts", 4},
                        {"num_experts_per_tok", 2},
                        {"moe_intermediate_size", 32},
                        {"norm_topk_prob", true}};
  return {
      config_of("llama", {{"attention_bias", true}, {"mlp_bias", true}}),
      config_of("llama", {{"rope_scaling", {{"rope_type", "linear"}, {"factor", 2.5}}}}),
      config_of("llama", {{"rope_scaling",
                           {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 8192}}}}),
      config_of("qwen2", {{"rope_scaling", kYarn}, {"tie_word_embeddings", false}}),
      config_of("qwen3", {{"head_dim", 16}}),
      config_of("qwen3_moe", experts),
      config_of(
          "mixtral",
          {{"num_local_experts", 4}, {"num_experts_per_tok", 2}, {"sliding_window", nullptr}}),
      config_of("olmoe", {{"num_experts", 4},
                          {"num_experts_per_tok", 2},
                          {"norm_topk_prob", false},
                          {"num_key_value_heads", 4}}),
      config_of("phi3", {{"partial_rotary_factor", 0.5},
                         {"sliding_window", 32},
                         {"original_max_position_embeddings", 512}}),
      config_of("granite", {{"embedding_multiplier", 12.0},
                            {"residual_multiplier", 0.22},
                            {"logits_scaling", 8.0},
                            {"attention_multiplier", 0.015625}}),
      config_of("smollm3", {{"no_rope_layers", {1, 1, 1, 0}}}),
      deepseek("deepseek_v2", {{"q_lora_rank", nullptr}, {"rope_scaling", mscale}}),
      deepseek("deepseek_v2", {{"q_lora_rank", 16},
                               {"topk_method", "group_limited_greedy"},
                               {"n_group", 2},
                               {"topk_group", 1}}),
      deepseek("deepseek_v3",
               {{"q_lora_rank", 16}, {"n_group", 2}, {"topk_group", 1}, {"rope_scaling", kYarn}}),
  };
}

TEST(GgufModel, EveryFamilyComesBackTheSameThroughGguf) {
  for (const json& hf : families()) {
    SCOPED_TRACE(hf.dump());
    const TemporaryFolder folder;
    const ModelConfig config = ModelConfig::from_hf(hf, "config.json");
    const auto rows = made_rows(config);
    write_hf(folder / "hf", config, rows, {.dtype = StoredType::kF32});
    const auto from_hf = WeightReader::open(folder / "hf");
    for (const StoredType type : {StoredType::kF32, StoredType::kBf16, StoredType::kF16}) {
      const auto name = fmt::format("{}.gguf", type_name(type));
      write_gguf(folder / name, config, rows, {.type = type});
      const auto from_gguf = WeightReader::open(folder / name);
      EXPECT_EQ(from_gguf->config().to_hf(), from_hf->config().to_hf());
      EXPECT_EQ(from_gguf->config().rope, from_hf->config().rope);
      expect_same_weights(*from_gguf, *from_hf);
      // To a Hugging Face folder and to GGUF again: the same file.
      write_hf(folder / (name + ".hf"), from_gguf->config(), rows_of(*from_gguf), {.dtype = type});
      const auto again = WeightReader::open(folder / (name + ".hf"));
      expect_same_weights(*again, *from_hf);
      write_gguf(folder / ("again_" + name), again->config(), rows_of(*again), {.type = type});
      EXPECT_TRUE(slurp(folder / ("again_" + name)) == slurp(folder / name));
    }
  }
}

TEST(GgufModel, QuantisedTensorsAreThoseOfTheDefinition) {
  const TemporaryFolder folder;
  const ModelConfig config = ModelConfig::from_hf(families()[6], "config.json");  // Mixtral
  const auto rows = made_rows(config);
  write_gguf(folder / "a.gguf", config, rows, {.type = StoredType::kQ8_0});
  const auto reader = WeightReader::open(folder / "a.gguf");
  for (const ParameterInfo& parameter : reader->parameters()) {
    size_t size = 1;
    for (const int64_t n : parameter.shape) size *= static_cast<size_t>(n);
    std::vector<float> want(size);
    rows(parameter.name, 0, parameter.shape[0], want.data());
    if (parameter.shape.size() > 1 && !parameter.name.ends_with("router")) {
      std::vector<std::byte> bytes(size / 32 * 34);
      quantize(StoredType::kQ8_0, want, bytes.data(), "x");
      dequantize(StoredType::kQ8_0, bytes.data(), static_cast<int64_t>(size), want.data());
    }
    EXPECT_EQ(read_all(*reader, parameter.name), want) << parameter.name;
  }
}

// k_b of DeepSeek has rows of nope dims: 8 here, no block of 32.
TEST(GgufModel, RowsThatAreNoWholeBlocksAreFloat16) {
  const TemporaryFolder folder;
  const ModelConfig config = ModelConfig::from_hf(families().back(), "config.json");
  write_gguf(folder / "a.gguf", config, made_rows(config), {.type = StoredType::kQ8_0});
  const GgufFile file(folder / "a.gguf");
  EXPECT_EQ(file.find("blk.1.attn_k_b.weight")->type, StoredType::kF16);
  EXPECT_EQ(file.find("blk.1.ffn_up_exps.weight")->type, StoredType::kQ8_0);
  EXPECT_EQ(file.find("blk.1.ffn_gate_inp.weight")->type, StoredType::kF32);
  EXPECT_EQ(file.find("blk.1.exp_probs_b.bias")->type, StoredType::kF32);
}

TEST(GgufModel, WhatGgufCannotSayIsRefusedByName) {
  json with_factor = kYarn;
  with_factor["attention_factor"] = 1.5;
  const std::pair<json, const char*> bad[] = {
      {config_of("mistral", {{"sliding_window", 64}}), "sliding_window 64"},
      {config_of("qwen2",
                 {{"use_sliding_window", true}, {"sliding_window", 64}, {"max_window_layers", 2}}),
       "sliding_window 64"},
      {config_of("qwen2", {{"rope_scaling", with_factor}}), "attention_factor"},
      {config_of("qwen3", {{"attention_bias", true}}), "attention_bias"},
      {config_of("qwen3_moe", {{"num_experts", 4},
                               {"num_experts_per_tok", 2},
                               {"moe_intermediate_size", 32},
                               {"norm_topk_prob", false}}),
       "norm_topk_prob"},
      {config_of("qwen3_moe", {{"num_experts", 4},
                               {"num_experts_per_tok", 2},
                               {"moe_intermediate_size", 32},
                               {"norm_topk_prob", true},
                               {"mlp_only_layers", {0}}}),
       "dense layers"},
      {config_of("olmoe", {{"num_experts", 4}, {"num_experts_per_tok", 2}, {"clip_qkv", 8.0}}),
       "clip_qkv"},
      {config_of("smollm3", {{"no_rope_layers", {1, 0, 1, 0}}}), "no_rope_layers"},
      {deepseek("deepseek_v3", {{"rope_interleave", false}}), "rope_interleave"},
  };
  for (const auto& [hf, message] : bad) {
    const ModelConfig config = ModelConfig::from_hf(hf, "config.json");
    EXPECT_THAT(test::message_of([&] { (void)config.to_gguf(); }), HasSubstr(message));
  }
  // A window as long as the context cuts nothing off.
  (void)ModelConfig::from_hf(config_of("mistral", {{"sliding_window", 512}}), "c").to_gguf();
}

TEST(GgufModel, AFailureLeavesNoFile) {
  const TemporaryFolder folder;
  const ModelConfig config = ModelConfig::from_hf(families()[0], "config.json");
  const RowSource broken = [](std::string_view, int64_t, int64_t, float*) { throw Error("no"); };
  EXPECT_THROW(write_gguf(folder / "a.gguf", config, broken), Error);
  EXPECT_TRUE(fs::is_empty(folder / ""));
}

}  // namespace
}  // namespace grpo::policy
