#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "policy/ops.h"
#include "policy/policy.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

const fs::path kModels = fs::path(GRPO_SOURCE_DIR) / "tests/golden/models";

std::vector<Json> rows_of(const fs::path& file) {
  std::vector<Json> rows;
  const std::string text = read_file(file);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    rows.push_back(parse_json(text.substr(begin, end - begin), file.string()));
    begin = end + 1;
  }
  return rows;
}

class GoldenModels : public ::testing::TestWithParam<const char*> {};

/// All rows packed into one batch against transformers' float64 numbers, each token's.
TEST_P(GoldenModels, LogprobsAndEntropiesAreTheReferences) {
  const fs::path folder = kModels / GetParam();
  const fs::path gguf = folder / "model.gguf";
  const auto decoder = load_decoder(fs::exists(gguf) ? gguf : folder);
  const auto cases = rows_of(folder / "cases.jsonl"), expected = rows_of(folder / "expected.jsonl");
  const Json tolerance =
      parse_json(read_file(folder / "tolerance.json"), (folder / "tolerance.json").string());
  ASSERT_EQ(cases.size(), expected.size());
  PackedTokens tokens;
  std::vector<int32_t> targets;
  for (const Json& row : cases) {
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    tokens.append(ids);
    targets.insert(targets.end(), ids.begin() + 1, ids.end());
    targets.push_back(0);
  }
  const at::NoGradGuard no_grad;
  const Tensor hidden = decoder->forward(tokens);
  const auto [logprob, entropy] = ops::linear_logprob(
      hidden, decoder->head(), targets, decoder->logit_scale(1.0), decoder->config().vocab_size);
  double worst = 0;
  for (size_t r = 0; r < cases.size(); ++r) {
    const auto begin = tokens.offsets[r], length = tokens.offsets[r + 1] - begin;
    ASSERT_EQ(expected[r]["id"], cases[r]["id"]);
    for (int64_t t = 0; t < length; ++t) {
      const auto i = static_cast<size_t>(t);
      const double h = expected[r]["entropy"][i].get<double>();
      worst = std::max(worst, std::abs(entropy[begin + t].item<double>() - h) /
                                  tolerance["entropy"].get<double>());
      if (t + 1 == length) continue;
      const double l = expected[r]["logprobs"][i].get<double>();
      worst = std::max(worst, std::abs(logprob[begin + t].item<double>() - l) /
                                  tolerance["logprob"].get<double>());
    }
  }
  EXPECT_LT(worst, 1.0) << "largest deviation as a share of the tolerance";
}

INSTANTIATE_TEST_SUITE_P(Families, GoldenModels,
                         ::testing::Values("deepseek_v3_fp8", "granite", "llama_rope3", "qwen3_moe",
                                           "mistral", "llama_q4_0_gguf"),
                         [](const auto& family) { return std::string(family.param); });

/// The wheel exports protobuf symbols, and sentencepiece brings a protobuf of its own: both must
/// work in one process.
TEST(OneProcess, LibTorchAndSentencePieceWorkTogether) {
  const auto tokenizer = Tokenizer::from_sentencepiece(
      fs::path(GRPO_SOURCE_DIR) / "tests/golden/tokenize/sentencepiece_test.model");
  const auto ids = tokenizer->encode("Hello world", false);
  ASSERT_FALSE(ids.empty());
  const Tensor t = at::tensor(ids, at::kInt);
  EXPECT_EQ(t.sum().item<int64_t>(), std::accumulate(ids.begin(), ids.end(), int64_t{0}));
  EXPECT_EQ(tokenizer->decode(ids, false), "Hello world");
}

}  // namespace
}  // namespace grpo::policy
