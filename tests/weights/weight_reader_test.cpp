#include "policy/weights/weight_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/proc_file.h"
#include "policy/weights/hf_writer.h"
#include "policy/weights/inspect_model.h"
#include "policy/weights/safetensors.h"
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
    EXPECT_EQ(gguf->config().to_hf(), hf->config().to_hf());
    EXPECT_EQ(gguf->config(), hf->config());
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

TEST(HfWriter, SamplingSettingsAreKeptAndIdsAreTheConfigurations) {
  const TemporaryFolder folder;
  const auto reader = WeightReader::open(golden("phi3"));
  HfWriteOptions options;
  options.generation = {
      {"temperature", 0.6}, {"top_p", 0.95}, {"eos_token_id", 7}, {"pad_token_id", 9}};
  write_hf(folder / "out", reader->config(), rows_of(*reader), options);
  const auto generation = nlohmann::json::parse(slurp(folder / "out/generation_config.json"));
  EXPECT_EQ(
      generation,
      (nlohmann::json{
          {"temperature", 0.6}, {"top_p", 0.95}, {"bos_token_id", 1}, {"eos_token_id", {2, 3}}}));
}

/// Kilobytes of files that this process has mapped and in memory.
int64_t mapped_kilobytes() { return std::stoll(proc_value("/proc/self/status", "RssFile")); }

// A model is loaded next to its file, not on top of it.
TEST(WeightReader, WhatHasBeenReadDoesNotStayInMemory) {
  const TemporaryFolder folder;
  ModelConfig config = WeightReader::open(golden("phi3"))->config();
  config.vocab_size = 1 << 19;  // x 16 numbers: 32 MiB
  config.tied_embeddings = true;
  const RowSource rows = [&](std::string_view name, int64_t begin, int64_t end, float* out) {
    const bool vector = name.find("norm") != std::string_view::npos;
    const int64_t columns = vector ? 1 : name.ends_with("down") ? config.intermediate_dim : 16;
    std::fill_n(out, (end - begin) * columns, 1.0f);
  };
  write_hf(folder / "m", config, rows, {.dtype = StoredType::kF32});
  const auto reader = WeightReader::open(folder / "m");
  std::vector<float> out(4096 * 16);
  const int64_t before = mapped_kilobytes();
  for (int64_t begin = 0; begin < config.vocab_size; begin += 4096) {
    reader->read_rows("embed", begin, begin + 4096, out.data());
  }
  EXPECT_LT(mapped_kilobytes() - before, 4096);
}

// Hugging Face to Hugging Face, whole or in shards: the same bytes per tensor.
TEST(HfWriter, ShardsHoldTheBytesThatWereRead) {
  for (const char* model : {"phi3", "mixtral"}) {
    const TemporaryFolder folder;
    const auto reader = WeightReader::open(golden(model));
    HfWriteOptions options;
    options.dtype = StoredType::kF32;
    options.shard_bytes = 2000;
    write_hf(folder / "out", reader->config(), rows_of(*reader), options);
    const Safetensors from(golden(model)), to(folder / "out");
    EXPECT_GT(to.num_files(), 2u);
    ASSERT_EQ(to.tensors().size(), from.tensors().size());
    for (const SafetensorsTensor& tensor : from.tensors()) {
      const auto* same = to.find(tensor.name);
      ASSERT_NE(same, nullptr) << tensor.name;
      EXPECT_TRUE(std::ranges::equal(same->bytes, tensor.bytes)) << tensor.name;
    }
    const auto index = nlohmann::json::parse(slurp(folder / "out/model.safetensors.index.json"));
    EXPECT_EQ(index["weight_map"].size(), from.tensors().size());
  }
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

// A release in FP8 of 600 shards and 689 GB, all holes, with no more files open at once than a
// small limit allows. Parameters and cache: docs/models.md.
TEST(InspectModel, AFolderOfHundredsOfGigabytesIsReadByItsHeaders) {
  const TemporaryFolder folder;
  const std::string script = GRPO_SOURCE_DIR "/tests/weights/sparse_model.py ";
  ASSERT_EQ(std::system(("python3 " + script + folder.path().string() + " > /dev/null").c_str()),
            0);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{.rlim_cur = 32, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  const ModelSummary s = inspect_model(folder / "");
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(s.unsupported.empty()) << s.unsupported[0];
  EXPECT_EQ(s.parameters, 671026419200);
  EXPECT_EQ(s.kv_bytes_per_token, 70272);
  EXPECT_EQ(s.layers, 61);
  EXPECT_EQ(s.dtype, "float8_e4m3");
  EXPECT_GT(s.bytes, 688'574'839'360);  // the tensors, and the headers
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
