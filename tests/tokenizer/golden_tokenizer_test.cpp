#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/tokenizer.h"

namespace grpo::policy {
namespace {

const std::string kGolden = GRPO_SOURCE_DIR "/tests/golden/tokenize/";

std::vector<nlohmann::json> read_rows(const std::string& name) {
  std::ifstream in(kGolden + name);
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(in, line);) rows.push_back(nlohmann::json::parse(line));
  return rows;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<int32_t>& ids, bool skip) {
  StreamingDecoder decoder(tokenizer, skip);
  std::string text;
  for (int32_t id : ids) text += decoder.push(id);
  return text + decoder.flush();
}

void expect_rows(const Tokenizer& tokenizer, const std::string& rows_name, size_t num_rows) {
  const auto rows = read_rows(rows_name);
  ASSERT_EQ(rows.size(), num_rows);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.dump());
    const auto ids = row["ids"].get<std::vector<int32_t>>();
    if (row.contains("text")) {
      EXPECT_EQ(tokenizer.encode(row["text"].get<std::string>(), row["add_special_tokens"]), ids);
    }
    if (row.contains("decoded")) {
      const bool skip = row.value("skip_special_tokens", false);
      EXPECT_EQ(tokenizer.decode(ids, skip), row["decoded"].get<std::string>());
    }
    for (bool skip : {false, true}) {
      EXPECT_EQ(streamed(tokenizer, ids, skip), tokenizer.decode(ids, skip));
    }
  }
}

TEST(GoldenTokenizer, ByteLevelBpeGivesTheIdsOfHuggingFace) {
  const auto tokenizer = Tokenizer::from_hf_json(kGolden + "minimind_tokenizer.json");
  EXPECT_EQ(tokenizer->vocab_size(), 6400);
  expect_rows(*tokenizer, "minimind.jsonl", 219);
}

TEST(GoldenTokenizer, UnigramModelGivesTheIdsOfSentencePiece) {
  const auto tokenizer = Tokenizer::from_sentencepiece(kGolden + "sentencepiece_test.model");
  expect_rows(*tokenizer, "sentencepiece_test.jsonl", 160);
}

// Every step and option, on small vocabularies: make_pipelines.py lists them.
TEST(GoldenTokenizer, EveryPipelineGivesTheIdsOfHuggingFace) {
  std::ifstream in(kGolden + "pipelines.json");
  const auto golden = nlohmann::json::parse(in);
  ASSERT_GE(golden["cases"].size(), 50u);
  for (const auto& one : golden["cases"]) {
    auto json = one["tokenizer"];
    json["model"] = golden["models"][one["model"].get<std::string>()];
    json["model"]["fuse_unk"] = one["fuse_unk"];
    json["model"]["ignore_merges"] = one["ignore_merges"];
    const BpeTokenizer tokenizer(json.dump(), one["name"], TokenizerConfig());
    for (const auto& row : one["rows"]) {
      SCOPED_TRACE(one["name"].dump() + row.dump());
      const auto ids = tokenizer.encode(row[0].get<std::string>(), /*add_special_tokens=*/true);
      EXPECT_EQ(ids, row[1].get<std::vector<int32_t>>());
      for (bool skip : {false, true}) {
        EXPECT_EQ(tokenizer.decode(ids, skip), row[skip ? 3 : 2].get<std::string>());
        EXPECT_EQ(streamed(tokenizer, ids, skip), tokenizer.decode(ids, skip));
      }
    }
  }
}

}  // namespace
}  // namespace grpo::policy
