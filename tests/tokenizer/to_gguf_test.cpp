#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/gguf_vocab.h"
#include "policy/tokenizer/tokenizer_json.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;

const std::string kGolden = GRPO_SOURCE_DIR "/tests/golden/tokenize/";

/// A tokenizer.json with changes, and what stands beside it.
std::string gguf_error(const nlohmann::json& patch, const std::string& config = "{}") {
  auto json =
      parse_json<nlohmann::json>(read_file(kGolden + "minimind_tokenizer.json"), "minimind");
  json.merge_patch(patch);
  const test::TemporaryFolder folder;
  folder.file("tokenizer.json", json.dump());
  folder.file("tokenizer_config.json", config);
  const auto tokenizer = Tokenizer::from_directory(folder.path());
  return test::message_of([&] { (void)tokenizer->to_gguf(); });
}

TEST(GoldenToGguf, AByteLevelTokenizerComesBackTheSame) {
  const auto original = Tokenizer::from_hf_json(kGolden + "minimind_tokenizer.json");
  const GgufVocab vocab = original->to_gguf();
  EXPECT_EQ(vocab.model, "gpt2");
  EXPECT_EQ(vocab.pre, "gpt-2");
  EXPECT_EQ(static_cast<int64_t>(vocab.tokens.size()), original->vocab_size());
  EXPECT_EQ(vocab.token_type.size(), vocab.tokens.size());
  EXPECT_EQ(vocab.add_bos, false);
  const auto back = Tokenizer::from_gguf_vocab(vocab);
  for (const char* line : {"<|im_start|>user\nLet 12 + 3 = 15, 中文 naïve<|im_end|> <think>",
                           "  \n\n\ttabs and   blanks \r\n", "x<|endoftext|>"}) {
    EXPECT_EQ(back->encode(line, true), original->encode(line, true)) << line;
  }
  for (int32_t id = 0; id < original->vocab_size(); ++id) {
    ASSERT_EQ(back->id_to_token(id), original->id_to_token(id));
    ASSERT_EQ(back->is_special(id), original->is_special(id)) << original->id_to_token(id);
  }
  const GgufVocab again = back->to_gguf();
  EXPECT_EQ(again.tokens, vocab.tokens);
  EXPECT_EQ(again.token_type, vocab.token_type);
  EXPECT_EQ(again.merges, vocab.merges);
}

TEST(ToGguf, EverySplitHasItsName) {
  const std::pair<SplitScheme, const char*> names[] = {
      {SplitScheme::kGpt2, "gpt-2"},
      {SplitScheme::kSmollm, "smollm"},
      {SplitScheme::kQwen2, "qwen2"},
      {SplitScheme::kLlama3, "llama-bpe"},
      {SplitScheme::kDeepSeekLlm, "deepseek-llm"},
      {SplitScheme::kDeepSeekCoder, "deepseek-coder"},
      {SplitScheme::kDeepSeekV3, "deepseek-v3"},
  };
  for (const auto& [scheme, name] : names) {
    ByteLevelVocab vocab;
    vocab.scheme = scheme;
    vocab.tokens = {"a", "b"};
    vocab.whole_pieces = scheme == SplitScheme::kLlama3;
    vocab.special_tokens = {"<s>"};
    vocab.marker_tokens = {"<think>"};
    vocab.bos = "<s>";
    const GgufVocab gguf = build_byte_level_tokenizer(vocab)->to_gguf();
    EXPECT_EQ(gguf.pre, name);
    EXPECT_EQ(gguf.tokens, (std::vector<std::string>{"a", "b", "<s>", "<think>"}));
    EXPECT_EQ(gguf.token_type, (std::vector<int32_t>{1, 1, 3, 4}));
    EXPECT_EQ(gguf.bos, 2);
    EXPECT_EQ(gguf.eos, std::nullopt);
  }
}

// What llama.cpp's patterns of these names cut, by hand; its own vectors agree (deepseek-llm and
// deepseek-coder of its models/, which are too large to stand here).
TEST(ToGguf, DeepSeeksFirstModelsCutByTheirOwnPatterns) {
  GgufVocab vocab;
  vocab.file = "d.gguf";
  vocab.model = "gpt2";
  for (const char* token : {"a", "b", "Ġ", "1", "2", ".", "!", "Ċ"}) vocab.tokens.push_back(token);
  const auto merge = [&](const std::string& left, const std::string& right) {
    vocab.tokens.push_back(left + right);
    vocab.merges.push_back(left + " " + right);
    return static_cast<int32_t>(vocab.tokens.size() - 1);
  };
  const int32_t ab = merge("a", "b"), blank_a = merge("Ġ", "a"), stops = merge(".", "!");
  merge("b", "1");
  merge("1", "2");
  merge("Ċ", "Ċ");
  for (const char* pre : {"deepseek-llm", "deepseek-coder"}) {
    vocab.pre = pre;
    const auto tokenizer = Tokenizer::from_gguf_vocab(vocab);
    EXPECT_EQ(tokenizer->encode("ab12", false), (std::vector<int32_t>{ab, 3, 4})) << pre;
    EXPECT_EQ(tokenizer->encode(" a.!\n\n", false), (std::vector<int32_t>{blank_a, stops, 7, 7}));
  }
}

TEST(ToGguf, ASentencePieceVocabularyComesBackTheSame) {
  GgufVocab vocab;
  vocab.file = "l.gguf";
  vocab.model = "llama";
  vocab.set_token(0, "<unk>", 2);
  vocab.set_token(1, "<s>", 3);
  vocab.set_token(2, "</s>", 3);
  for (int byte = 0; byte < 256; ++byte) {
    vocab.set_token(3 + byte, fmt::format("<0x{:02X}>", byte), 6);
  }
  for (const char* token : {"▁h", "▁hi", "ab", "▁", "a", "b", "h", "i"}) {
    const auto id = static_cast<int32_t>(vocab.tokens.size());
    vocab.set_token(id, token, 1, -static_cast<float>(id - 259));
  }
  vocab.set_token(267, "<think>", 4);
  vocab.bos = 1;
  vocab.eos = 2;
  vocab.unk = 0;
  const GgufVocab again = Tokenizer::from_gguf_vocab(vocab)->to_gguf();
  EXPECT_EQ(again.model, "llama");
  EXPECT_EQ(again.tokens, vocab.tokens);
  EXPECT_EQ(again.scores, vocab.scores);
  EXPECT_EQ(again.token_type, vocab.token_type);
  EXPECT_EQ(again.bos, 1);
  EXPECT_EQ(again.unk, 0);
  EXPECT_EQ(again.add_bos, true);
  EXPECT_EQ(again.add_eos, false);
  EXPECT_EQ(again.add_space_prefix, true);
}

/// Phi-3's form: SentencePiece's vocabulary with merges instead of scores.
nlohmann::json sentencepiece_style() {
  nlohmann::json vocab = {{"<unk>", 0}, {"<s>", 1}};
  for (int byte = 0; byte < 256; ++byte) vocab[fmt::format("<0x{:02X}>", byte)] = 2 + byte;
  int id = 258;
  for (const char* piece : {"▁", "a", "b", "ab", "▁a", "▁ab"}) vocab[piece] = id++;
  const auto added = [](int token, const char* text) {
    return nlohmann::json{{"id", token},     {"content", text}, {"single_word", false},
                          {"lstrip", false}, {"rstrip", false}, {"normalized", false},
                          {"special", true}};
  };
  const nlohmann::json blanks = {
      {"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}};
  return {
      {"version", "1.0"},
      {"added_tokens", {added(0, "<unk>"), added(1, "<s>")}},
      {"normalizer",
       {{"type", "Sequence"}, {"normalizers", {{{"type", "Prepend"}, {"prepend", "▁"}}, blanks}}}},
      {"pre_tokenizer", nullptr},
      {"post_processor", nullptr},
      {"decoder",
       {{"type", "Sequence"},
        {"decoders",
         {{{"type", "Replace"}, {"pattern", {{"String", "▁"}}}, {"content", " "}},
          {{"type", "ByteFallback"}},
          {{"type", "Fuse"}},
          {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}}},
      {"model",
       {{"type", "BPE"},
        {"unk_token", "<unk>"},
        {"fuse_unk", true},
        {"byte_fallback", true},
        {"vocab", vocab},
        {"merges", {"▁ a", "a b", "▁a b", "▁ ab"}}}}};
}

TEST(ToGguf, MergesOfCharactersBecomeScores) {
  const test::TemporaryFolder folder;
  folder.file("tokenizer.json", sentencepiece_style().dump());
  const auto original = Tokenizer::from_directory(folder.path());
  const GgufVocab vocab = original->to_gguf();
  EXPECT_EQ(vocab.model, "llama");
  EXPECT_EQ(vocab.add_space_prefix, true);
  EXPECT_EQ(vocab.token_type[0], 2);
  EXPECT_EQ(vocab.token_type[1], 3);
  EXPECT_EQ(vocab.token_type[2 + 10], 6);
  EXPECT_EQ(vocab.scores[262], 0);   // "▁a", the first merge
  EXPECT_EQ(vocab.scores[261], -1);  // "ab"
  EXPECT_EQ(vocab.scores[263], -2);  // "▁ab", two merges
  const auto back = Tokenizer::from_gguf_vocab(vocab);
  for (const char* text : {"ab ab aab", "b<s>a é", "  abba  "}) {
    EXPECT_EQ(back->encode(text, false), original->encode(text, false)) << text;
  }

  auto bad = sentencepiece_style();
  bad["model"]["merges"] = {"▁ a", "a b", "▁a b"};
  folder.file("tokenizer.json", bad.dump());
  EXPECT_THAT(test::message_of([&] { (void)Tokenizer::from_directory(folder.path())->to_gguf(); }),
              HasSubstr(R"(none of "▁" and "ab")"));
  bad["model"]["merges"] = {"▁a b", "▁ a", "a b", "▁ ab"};
  folder.file("tokenizer.json", bad.dump());
  EXPECT_THAT(test::message_of([&] { (void)Tokenizer::from_directory(folder.path())->to_gguf(); }),
              HasSubstr("stand apart"));
}

TEST(ToGguf, IdsWithoutATokenAreUnusedOnes) {
  GgufVocab vocab;
  vocab.model = "gpt2";
  vocab.set_token(2, "x", 1);
  vocab.pad_to(4);
  EXPECT_EQ(vocab.tokens, (std::vector<std::string>{"[PAD0]", "[PAD1]", "x", "[PAD3]"}));
  EXPECT_EQ(vocab.token_type, (std::vector<int32_t>{5, 5, 1, 5}));
  EXPECT_TRUE(vocab.scores.empty());
}

TEST(ToGguf, WhatGgufHasNoFormForIsRefused) {
  EXPECT_EQ(gguf_error(nlohmann::json::object()), "");
  EXPECT_THAT(gguf_error({{"pre_tokenizer", {{"use_regex", false}}}}), HasSubstr("has no name"));
  EXPECT_THAT(gguf_error({{"normalizer", {{"type", "NFC"}}}}), HasSubstr("has no name"));
  EXPECT_THAT(gguf_error({{"model", {{"ignore_merges", true}}}}), HasSubstr("ignore_merges"));
  const auto unigram = Tokenizer::from_sentencepiece(kGolden + "sentencepiece_test.model");
  EXPECT_THAT(test::message_of([&] { (void)unigram->to_gguf(); }), HasSubstr("of type BPE"));

  GgufVocab vocab;
  vocab.bos = 1;
  vocab.set_around({1}, {});
  EXPECT_EQ(vocab.add_bos, true);
  EXPECT_THROW(vocab.set_around({2}, {}), Error);
  EXPECT_THROW(vocab.set_around({1, 1}, {}), Error);
  EXPECT_THROW(vocab.set_around({}, {1}), Error);
}

}  // namespace
}  // namespace grpo::policy
