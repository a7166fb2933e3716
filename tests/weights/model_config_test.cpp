#include "policy/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json llama() {
  return {{"model_type", "llama"},        {"vocab_size", 128256},
          {"hidden_size", 4096},          {"intermediate_size", 14336},
          {"num_hidden_layers", 32},      {"num_attention_heads", 32},
          {"num_key_value_heads", 8},     {"max_position_embeddings", 131072},
          {"rms_norm_eps", 1e-5},         {"rope_theta", 500000.0},
          {"tie_word_embeddings", false}, {"eos_token_id", {128001, 128008, 128009}}};
}

json with(json base, const json& changes) {
  base.update(changes);
  return base;
}

ModelConfig parse(const json& config) { return ModelConfig::from_hf(config, "config.json"); }

std::string parse_error(const json& config) {
  try {
    parse(config);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

json deepseek_v3() {
  return with(llama(), {{"model_type", "deepseek_v3"},
                        {"vocab_size", 129280},
                        {"hidden_size", 7168},
                        {"intermediate_size", 18432},
                        {"moe_intermediate_size", 2048},
                        {"num_hidden_layers", 61},
                        {"num_attention_heads", 128},
                        {"num_key_value_heads", 128},
                        {"q_lora_rank", 1536},
                        {"kv_lora_rank", 512},
                        {"qk_nope_head_dim", 128},
                        {"qk_rope_head_dim", 64},
                        {"v_head_dim", 128},
                        {"n_routed_experts", 256},
                        {"num_experts_per_tok", 8},
                        {"n_shared_experts", 1},
                        {"n_group", 8},
                        {"topk_group", 4},
                        {"norm_topk_prob", true},
                        {"routed_scaling_factor", 2.5},
                        {"scoring_func", "sigmoid"},
                        {"topk_method", "noaux_tc"},
                        {"first_k_dense_replace", 3},
                        {"rms_norm_eps", 1e-6},
                        {"rope_theta", 10000},
                        {"eos_token_id", 1},
                        {"rope_scaling",
                         {{"type", "yarn"},
                          {"factor", 40},
                          {"beta_fast", 32},
                          {"beta_slow", 1},
                          {"mscale", 1.0},
                          {"mscale_all_dim", 1.0},
                          {"original_max_position_embeddings", 4096}}}});
}

json deepseek_v2_lite() {
  json c = with(deepseek_v3(), {{"model_type", "deepseek_v2"},
                                {"vocab_size", 102400},
                                {"hidden_size", 2048},
                                {"intermediate_size", 10944},
                                {"moe_intermediate_size", 1408},
                                {"num_hidden_layers", 27},
                                {"num_attention_heads", 16},
                                {"num_key_value_heads", 16},
                                {"q_lora_rank", nullptr},
                                {"n_routed_experts", 64},
                                {"n_shared_experts", 2},
                                {"num_experts_per_tok", 6},
                                {"n_group", 1},
                                {"topk_group", 1},
                                {"norm_topk_prob", false},
                                {"routed_scaling_factor", 1.0},
                                {"scoring_func", "softmax"},
                                {"topk_method", "greedy"},
                                {"first_k_dense_replace", 1}});
  c["rope_scaling"]["mscale"] = c["rope_scaling"]["mscale_all_dim"] = 0.707;
  return c;
}

/// Parameters and bf16 cache bytes per token, from the published shapes (docs/models.md).
TEST(ModelConfig, CountsOfPublishedModelsAreKnown) {
  const json qwen2 = with(llama(), {{"model_type", "qwen2"},
                                    {"vocab_size", 151936},
                                    {"hidden_size", 1536},
                                    {"intermediate_size", 8960},
                                    {"num_hidden_layers", 28},
                                    {"num_attention_heads", 12},
                                    {"num_key_value_heads", 2},
                                    {"eos_token_id", 151643}});
  const json qwen3 = with(llama(), {{"model_type", "qwen3"},
                                    {"vocab_size", 151936},
                                    {"hidden_size", 1024},
                                    {"intermediate_size", 3072},
                                    {"num_hidden_layers", 28},
                                    {"num_attention_heads", 16},
                                    {"head_dim", 128},
                                    {"tie_word_embeddings", true}});
  const json qwen3_moe = with(qwen3, {{"model_type", "qwen3_moe"},
                                      {"hidden_size", 2048},
                                      {"num_hidden_layers", 48},
                                      {"num_attention_heads", 32},
                                      {"num_key_value_heads", 4},
                                      {"intermediate_size", 6144},
                                      {"moe_intermediate_size", 768},
                                      {"num_experts", 128},
                                      {"num_experts_per_tok", 8},
                                      {"norm_topk_prob", true},
                                      {"tie_word_embeddings", false}});
  const json smollm2 = with(llama(), {{"vocab_size", 49152},
                                      {"hidden_size", 576},
                                      {"intermediate_size", 1536},
                                      {"num_hidden_layers", 30},
                                      {"num_attention_heads", 9},
                                      {"num_key_value_heads", 3},
                                      {"tie_word_embeddings", true},
                                      {"eos_token_id", 0},
                                      {"rope_interleaved", false}});
  const json mixtral = with(llama(), {{"model_type", "mixtral"},
                                      {"vocab_size", 32000},
                                      {"eos_token_id", 2},
                                      {"num_local_experts", 8},
                                      {"num_experts_per_tok", 2}});
  const json olmoe = with(llama(), {{"model_type", "olmoe"},
                                    {"vocab_size", 50304},
                                    {"hidden_size", 2048},
                                    {"intermediate_size", 1024},
                                    {"num_hidden_layers", 16},
                                    {"num_attention_heads", 16},
                                    {"num_key_value_heads", 16},
                                    {"num_experts", 64},
                                    {"num_experts_per_tok", 8},
                                    {"eos_token_id", 50279}});
  const struct {
    json config;
    int64_t parameters, kv_bytes;
  } known[] = {
      {smollm2, 134'515'008, 23'040},
      {qwen3, 596'049'920, 114'688},
      {with(qwen2, {{"tie_word_embeddings", true}}), 1'543'714'304, 28'672},
      {qwen2, 1'777'088'000, 28'672},
      {llama(), 8'030'261'248, 131'072},
      {olmoe, 6'919'161'856, 131'072},
      {deepseek_v2_lite(), 15'706'484'224, 31'104},
      {qwen3_moe, 30'532'122'624, 98'304},
      {mixtral, 46'702'792'704, 131'072},
      {deepseek_v3(), 671'026'419'200, 70'272},
  };
  for (const auto& [config, parameters, kv_bytes] : known) {
    const ModelConfig c = parse(config);
    EXPECT_EQ(c.num_parameters(), parameters) << c.model_type;
    EXPECT_EQ(c.num_layers * c.kv_elements_per_token() * 2, kv_bytes) << c.model_type;
    EXPECT_EQ(parse(c.to_hf()), c) << c.model_type;
  }
}

TEST(ModelConfig, APadTokenOutsideTheVocabularyIsNone) {
  EXPECT_EQ(parse(with(llama(), {{"pad_token_id", 128004}})).pad, 128004);
  // Old Llama files say -1 for none.
  for (const int64_t none : {-1, 128256}) {
    EXPECT_EQ(parse(with(llama(), {{"pad_token_id", none}})).pad, std::nullopt) << none;
  }
  EXPECT_TRUE(parse(llama()).to_hf().at("pad_token_id").is_null());
}

TEST(ModelConfig, DeepSeekSoftmaxScaleHasTheSquareOfYarnsFactor) {
  EXPECT_NEAR(parse(deepseek_v3()).attention.softmax_scale, 0.1352338, 1e-7);
  EXPECT_NEAR(parse(deepseek_v2_lite()).attention.softmax_scale, 0.1147214, 1e-7);
  EXPECT_NEAR(parse(with(deepseek_v3(), {{"rope_scaling", nullptr}})).attention.softmax_scale,
              0.0721688, 1e-7);
  EXPECT_EQ(parse(deepseek_v3()).rope.cos_sin_factor, 1.0);
}

TEST(ModelConfig, RopeFormsMeanTheSame) {
  const json scaling = {{"factor", 8.0},
                        {"low_freq_factor", 1.0},
                        {"high_freq_factor", 4.0},
                        {"original_max_position_embeddings", 8192}};
  const auto by_rope_type =
      parse(with(llama(), {{"rope_scaling", with(scaling, {{"rope_type", "llama3"}})}}));
  const auto by_type =
      parse(with(llama(), {{"rope_scaling", with(scaling, {{"type", "llama3"}})}}));
  json joint = with(
      llama(),
      {{"rope_parameters", with(scaling, {{"rope_type", "llama3"}, {"rope_theta", 500000.0}})}});
  joint.erase("rope_theta");
  EXPECT_EQ(by_rope_type, by_type);
  EXPECT_EQ(by_rope_type, parse(joint));
  EXPECT_EQ(by_rope_type.rope.scaling, RopeScalingKind::kLlama3);
}

TEST(ModelConfig, YarnWithoutMscaleTakesThePaperFactor) {
  const auto c = parse(with(llama(), {{"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}}}));
  EXPECT_DOUBLE_EQ(c.rope.cos_sin_factor, 0.1 * std::log(4.0) + 1);
  EXPECT_EQ(c.rope.original_context, 131072);
}

TEST(ModelConfig, WindowsFollowEachFamilysRule) {
  const auto windows = [](const json& config) {
    std::vector<int64_t> out;
    for (const LayerConfig& layer : parse(config).layers) out.push_back(layer.sliding_window);
    return out;
  };
  const json base = with(llama(), {{"num_hidden_layers", 3}});
  const json mistral = with(base, {{"model_type", "mistral"}});
  EXPECT_EQ(windows(mistral), (std::vector<int64_t>{4096, 4096, 4096}));
  EXPECT_EQ(windows(with(mistral, {{"sliding_window", nullptr}})), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(windows(with(mistral, {{"sliding_window", 32}})), (std::vector<int64_t>{32, 32, 32}));
  const json phi3 = with(base, {{"model_type", "phi3"}});
  EXPECT_EQ(windows(phi3), (std::vector<int64_t>{0, 0, 0}));
  EXPECT_EQ(windows(with(phi3, {{"sliding_window", 32}})), (std::vector<int64_t>{32, 32, 32}));
  const json qwen2 = with(base, {{"model_type", "qwen2"},
                                 {"sliding_window", 24},
                                 {"max_window_layers", 2},
                                 {"use_sliding_window", true}});
  EXPECT_EQ(windows(qwen2), (std::vector<int64_t>{0, 0, 24}));
  EXPECT_EQ(windows(with(qwen2, {{"use_sliding_window", false}})), (std::vector<int64_t>{0, 0, 0}));
  const json types = {"sliding_attention", "full_attention", "full_attention"};
  EXPECT_EQ(windows(with(qwen2, {{"layer_types", types}})), (std::vector<int64_t>{24, 0, 0}));
}

TEST(ModelConfig, SmolLm3LeavesRotaryOutOfEveryFourthLayer) {
  const auto c = parse(with(llama(), {{"model_type", "smollm3"}, {"num_hidden_layers", 8}}));
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(c.layers[i].rope, i % 4 != 3);
}

TEST(ModelConfig, WhatIsNotSupportedIsRefusedByName) {
  const std::pair<json, const char*> bad[] = {
      {{{"model_type", "gemma2"}}, "model_type: 'gemma2'"},
      {{{"attention_k_eq_v", true}}, "config.json: attention_k_eq_v: not supported"},
      {{{"hidden_act", "gelu"}}, "hidden_act: 'gelu'"},
      {{{"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}}}, "'dynamic' is not supported"},
      {{{"rope_scaling", {{"type", "linear"}, {"rope_type", "yarn"}}}}, "differ"},
      {{{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}, {"hmm", 1}}}}, "hmm: not supported"},
      {{{"rope_interleaved", true}}, "rope_interleaved"},
      {{{"partial_rotary_factor", 0.5}}, "partial_rotary_factor"},
      {{{"sliding_window", 32}}, "sliding_window"},
      {{{"num_hidden_layers", 0}}, "num_hidden_layers"},
      {{{"num_hidden_layers", "many"}}, "num_hidden_layers: expected an integer"},
      {{{"num_attention_heads", 0}}, "num_attention_heads"},
      {{{"num_key_value_heads", 5}}, "no multiple"},
      {{{"vocab_size", -1}}, "vocab_size: -1 is out of range"},
      {{{"vocab_size", 1e300}}, "vocab_size"},
      {{{"eos_token_id", 128256}}, "eos_token_id"},
      {{{"hidden_size", nullptr}}, "hidden_size: missing"},
      {{{"quantization_config", {{"quant_method", "awq"}}}}, "'awq'"},
      {{{"quantization_config",
         {{"quant_method", "fp8"}, {"weight_block_size", {128, int64_t{1} << 62}}}}},
       "weight_block_size: expected two sizes in 1..1048576"},
  };
  for (const auto& [changes, message] : bad) {
    EXPECT_THAT(parse_error(with(llama(), changes)), HasSubstr(message));
  }
  EXPECT_THAT(parse_error(with(deepseek_v3(), {{"num_experts_per_tok", 200}})),
              HasSubstr("chosen"));
  EXPECT_THAT(parse_error(with(deepseek_v3(), {{"attention_bias", true}})),
              HasSubstr("attention_bias"));
}

}  // namespace
}  // namespace grpo::policy
