#include "policy/weights/weight_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "policy/weights/hf_writer.h"
#include "policy/weights/inspect_model.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

void copy_model(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive);
}

std::string open_error(const fs::path& model) {
  try {
    WeightReader::open(model);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

void expect_values(const WeightReader& reader, const std::string& model) {
  const auto expected = nlohmann::json::parse(slurp(golden("expected.json")))[model];
  ASSERT_FALSE(expected.empty());
  for (const auto& [name, values] : expected.items()) {
    EXPECT_EQ(read_all(reader, name), values.get<std::vector<float>>()) << model << " " << name;
  }
}

TEST(GoldenWeightReader, HuggingFaceTensorsAreCutApartAndScaled) {
  for (const char* model : {"phi3", "mixtral", "deepseek_v3", "qwen3_fp8"}) {
    expect_values(*WeightReader::open(golden(model)), model);
  }
}

TEST(GoldenWeightReader, GgufRowsStandInHuggingFaceOrder) {
  expect_values(*WeightReader::open(golden("legacy_mix.gguf")), "legacy_mix");
  expect_values(*WeightReader::open(golden("mixtral_gguf/model.gguf")), "mixtral");
  expect_values(*WeightReader::open(golden("deepseek_gguf/model.gguf")), "deepseek_v3");
}

TEST(GoldenWeightReader, GgufAndHuggingFaceGiveTheSameModel) {
  const std::pair<const char*, const char*> pairs[] = {{"mixtral", "mixtral_gguf/model.gguf"},
                                                       {"deepseek_v3", "deepseek_gguf/model.gguf"}};
  for (const auto& [hf_name, gguf_name] : pairs) {
    const auto hf = WeightReader::open(golden(hf_name));
    const auto gguf = WeightReader::open(golden(gguf_name));
    ASSERT_EQ(hf->parameters().size(), gguf->parameters().size());
    for (const ParameterInfo& parameter : hf->parameters()) {
      EXPECT_EQ(read_all(*hf, parameter.name), read_all(*gguf, parameter.name)) << parameter.name;
    }
    ModelConfig want = hf->config();
    want.norm_eps = gguf->config().norm_eps;  // float32 in the file
    ModelConfig got = gguf->config();
    EXPECT_NEAR(got.rope.mscale_all_dim, want.rope.mscale_all_dim, 1e-6);
    EXPECT_NEAR(got.attention.softmax_scale, want.attention.softmax_scale, 1e-8);
    got.rope.mscale = want.rope.mscale;
    got.rope.mscale_all_dim = want.rope.mscale_all_dim;
    got.attention.softmax_scale = want.attention.softmax_scale;
    EXPECT_EQ(got.to_hf(), want.to_hf());
    EXPECT_EQ(got, want);
  }
}

TEST(WeightReader, RowsCanBeReadInAnyPieces) {
  for (const char* model : {"phi3", "qwen3_fp8", "legacy_mix.gguf", "deepseek_gguf/model.gguf"}) {
    const auto reader = WeightReader::open(golden(model));
    for (const ParameterInfo& parameter : reader->parameters()) {
      const auto whole = read_all(*reader, parameter.name);
      const int64_t columns = parameter.shape.size() > 1 ? parameter.shape[1] : 1;
      std::vector<float> pieces(whole.size());
      for (int64_t begin = 0; begin < parameter.shape[0]; begin += 3) {
        reader->read_rows(parameter.name, begin, std::min(begin + 3, parameter.shape[0]),
                          pieces.data() + begin * columns);
      }
      EXPECT_EQ(pieces, whole) << parameter.name;
    }
  }
}

TEST(WeightReader, RangesAndNamesAreChecked) {
  const auto reader = WeightReader::open(golden("phi3"));
  std::vector<float> out(1024);
  EXPECT_THROW(reader->read_rows("embed", 0, 25, out.data()), Error);
  EXPECT_THROW(reader->read_rows("embed", -1, 1, out.data()), Error);
  EXPECT_THROW(reader->read_rows("embe", 0, 1, out.data()), Error);
  EXPECT_TRUE(reader->has("head"));
  EXPECT_FALSE(reader->has("layers.1.ffn.gate"));
}

TEST(WeightReader, MissingModelsSayWhatWasLookedFor) {
  const TemporaryFolder folder;
  EXPECT_THAT(open_error(folder / "none"), HasSubstr("config.json and *.safetensors"));
  EXPECT_THAT(open_error(folder / ""), HasSubstr("no config.json"));
  fs::copy(golden("phi3/config.json"), folder / "config.json");
  EXPECT_THAT(open_error(folder / ""), HasSubstr("looked for model.safetensors.index.json"));
  spill(folder / "pytorch_model.bin", "x");
  EXPECT_THAT(open_error(folder / ""), HasSubstr("convert them to safetensors"));
}

TEST(WeightReader, TensorsThatDoNotFitTheConfigAreNamed) {
  const TemporaryFolder folder;
  const auto dir = folder / "m";
  copy_model(golden("phi3"), dir);
  auto config = nlohmann::json::parse(slurp(dir / "config.json"));
  const auto error_with = [&](const nlohmann::json& changes) {
    auto changed = config;
    changed.update(changes);
    spill(dir / "config.json", changed.dump());
    return open_error(dir);
  };
  EXPECT_THAT(error_with({{"intermediate_size", 13}}),
              HasSubstr("model.layers.0.mlp.gate_up_proj.weight: expected [26, 16], got [24, 16]"));
  EXPECT_THAT(error_with({{"num_hidden_layers", 2}}),
              HasSubstr("model.layers.1.input_layernorm.weight: missing"));
  EXPECT_THAT(error_with({{"model_type", "llama"}}), HasSubstr("q_proj.weight: missing"));
}

TEST(WeightReader, AHeadInTheFileWinsOverTheConfig) {
  const TemporaryFolder folder;
  const auto dir = folder / "m";
  copy_model(golden("phi3"), dir);
  auto config = nlohmann::json::parse(slurp(dir / "config.json"));
  config["tie_word_embeddings"] = true;
  spill(dir / "config.json", config.dump());
  EXPECT_FALSE(WeightReader::open(dir)->config().tied_embeddings);
}

TEST(WeightReader, GenerationConfigDecidesTheEndOfAnAnswer) {
  const TemporaryFolder folder;
  const auto dir = folder / "m";
  copy_model(golden("phi3"), dir);
  EXPECT_EQ(WeightReader::open(dir)->config().eos, (std::vector<int32_t>{2, 3}));
  spill(dir / "generation_config.json", R"({"eos_token_id": 5})");
  EXPECT_EQ(WeightReader::open(dir)->config().eos, (std::vector<int32_t>{5}));
  EXPECT_EQ(WeightReader::open(dir)->config().bos, 1);
}

RowSource rows_of(const WeightReader& reader) {
  return [&reader](std::string_view name, int64_t begin, int64_t end, float* out) {
    reader.read_rows(name, begin, end, out);
  };
}

TEST(HfWriter, WhatIsWrittenIsReadBack) {
  for (const char* model : {"phi3", "mixtral", "deepseek_v3", "qwen3_fp8", "legacy_mix.gguf"}) {
    const TemporaryFolder folder;
    const auto reader = WeightReader::open(golden(model));
    HfWriteOptions options;
    options.dtype = StoredType::kF32;
    options.shard_bytes = 4000;
    options.extra = {{"transformers_version", "4.57.6"}};
    options.add_files = [](const fs::path& dir) { spill(dir / "tokenizer.json", "{}"); };
    write_hf(folder / "out", reader->config(), rows_of(*reader), options);
    EXPECT_TRUE(fs::exists(folder / "out/tokenizer.json"));
    EXPECT_TRUE(fs::exists(folder / "out/model.safetensors.index.json"));
    const auto back = WeightReader::open(folder / "out");
    EXPECT_EQ(back->config(), reader->config());
    for (const ParameterInfo& parameter : reader->parameters()) {
      EXPECT_EQ(read_all(*back, parameter.name), read_all(*reader, parameter.name));
    }
  }
}

// transformers' SmolLM3Config takes 128004 where the key is missing, and refuses a smaller
// vocabulary.
TEST(HfWriter, ThePadTokenIsWrittenAndNullWhereThereIsNone) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("phi3"));
  ModelConfig config = reader->config();
  config.pad = std::nullopt;
  write_hf(folder / "none", config, rows_of(*reader));
  const auto none = nlohmann::json::parse(slurp(folder / "none/config.json"));
  EXPECT_TRUE(none.contains("pad_token_id") && none["pad_token_id"].is_null());
  const auto generation = nlohmann::json::parse(slurp(folder / "none/generation_config.json"));
  EXPECT_FALSE(generation.contains("pad_token_id"));

  config.pad = 4;
  write_hf(folder / "four", config, rows_of(*reader));
  for (const char* file : {"four/config.json", "four/generation_config.json"}) {
    EXPECT_EQ(nlohmann::json::parse(slurp(folder / file))["pad_token_id"], 4) << file;
  }
  EXPECT_EQ(WeightReader::open(folder / "four")->config().pad, 4);
}

TEST(HfWriter, NarrowTypesRoundAndTheCorrectionBiasStaysWide) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("deepseek_v3"));
  write_hf(folder / "out", reader->config(), rows_of(*reader));
  const auto back = WeightReader::open(folder / "out");
  const std::string bias = "layers.1.ffn.correction_bias";
  EXPECT_EQ(read_all(*back, bias), read_all(*reader, bias));
  const auto wide = read_all(*reader, "embed");
  const auto narrow = read_all(*back, "embed");
  for (size_t i = 0; i < wide.size(); ++i) {
    EXPECT_EQ(narrow[i], bfloat16_to_float(float_to_bfloat16(wide[i])));
  }
}

TEST(HfWriter, AFailureLeavesNoFolder) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("phi3"));
  const RowSource broken = [](std::string_view, int64_t, int64_t, float*) { throw Error("no"); };
  EXPECT_THROW(write_hf(folder / "out", reader->config(), broken), Error);
  EXPECT_FALSE(fs::exists(folder / "out"));
}

TEST(WeightReader, NamesTheRowOfANan) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("phi3"));
  write_hf(folder / "out", reader->config(),
           [&](std::string_view name, int64_t begin, int64_t end, float* out) {
             reader->read_rows(name, begin, end, out);
             if (name == "layers.0.ffn.up") out[2 * 16] = std::numeric_limits<float>::quiet_NaN();
           });
  try {
    read_all(*WeightReader::open(folder / "out"), "layers.0.ffn.up");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("out: model.layers.0.mlp.gate_up_proj.weight: row 2 of "
                                       "layers.0.ffn.up: a weight is nan"));
  }
}

TEST(InspectModel, SummaryComesFromTheHeaders) {
  const ModelSummary s = inspect_model(golden("qwen3_fp8"));
  EXPECT_EQ(s.family, "qwen3");
  EXPECT_EQ(s.parameters, 72456);
  EXPECT_EQ(s.active_parameters, 72456);
  EXPECT_EQ(s.layers, 2);
  EXPECT_EQ(s.vocabulary, 272);
  EXPECT_EQ(s.bytes, static_cast<int64_t>(fs::file_size(golden("qwen3_fp8/model.safetensors"))));
  EXPECT_EQ(s.kv_bytes_per_token, 2 * 2 * 2 * 12 * 2);
  EXPECT_EQ(s.eos, std::vector<int32_t>{271});
  EXPECT_TRUE(s.unsupported.empty());
  EXPECT_EQ(inspect_model(golden("legacy_mix.gguf")).family, "llama");
}

TEST(InspectModel, WhatCannotRunSaysWhy) {
  const TemporaryFolder folder;
  copy_model(golden("phi3"), folder / "m");
  auto config = nlohmann::json::parse(slurp(folder / "m/config.json"));
  config["model_type"] = "gemma2";
  spill(folder / "m/config.json", config.dump());
  const ModelSummary s = inspect_model(folder / "m");
  EXPECT_EQ(s.family, "gemma2");
  EXPECT_EQ(s.layers, 1);
  ASSERT_EQ(s.unsupported.size(), 1u);
  EXPECT_THAT(s.unsupported[0], HasSubstr("gemma2"));
  EXPECT_THROW(inspect_model(folder / "none"), Error);
}

}  // namespace
}  // namespace grpo::policy
