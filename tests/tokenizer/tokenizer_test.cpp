#include "policy/tokenizer/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/gguf_vocab.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kGolden = GRPO_SOURCE_DIR "/tests/golden/tokenize/";

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "tokenizer_test_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// The demonstration's kind of vocabulary: characters, digits, a few words.
ByteLevelVocab small_vocab() {
  ByteLevelVocab vocab;
  for (char c = ' '; c <= '~'; ++c) vocab.tokens.emplace_back(1, c);
  vocab.tokens.insert(vocab.tokens.end(), {"\n", " the", " answer", "ab", "abc"});
  vocab.merges = {{"a", "b"}, {"ab", "c"}};
  vocab.special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  vocab.marker_tokens = {"<think>", "</think>", "<answer>", "</answer>"};
  vocab.eos = "<|im_end|>";
  vocab.pad = "<|endoftext|>";
  return vocab;
}

std::string small_json(const std::string& key, const nlohmann::json& value) {
  auto json = nlohmann::json::parse(R"({"version": "1.0", "added_tokens": [],
    "normalizer": null, "pre_tokenizer": {"type": "ByteLevel"}, "post_processor": null,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})");
  json[nlohmann::json::json_pointer(key)] = value;
  return json.dump();
}

std::string refusal(const std::string& key, const nlohmann::json& value) {
  return error_of([&] { BpeTokenizer(small_json(key, value), "t.json", TokenizerConfig()); });
}

TEST(Tokenizer, AFolderWithoutTokenizerNamesWhatWasLookedFor) {
  const TemporaryFolder folder;
  const auto message = error_of([&] { Tokenizer::from_directory(folder.path()); });
  EXPECT_THAT(message, HasSubstr(folder.path().string()));
  EXPECT_THAT(message, HasSubstr("neither tokenizer.json nor tokenizer.model"));
}

TEST(Tokenizer, WhatIsNotSupportedIsRefusedByFileAndKey) {
  EXPECT_THAT(refusal("/model/type", "Unigram"), HasSubstr("t.json.model: model type \"Unigram\""));
  EXPECT_THAT(refusal("/model/dropout", 0.1), HasSubstr("dropout"));
  EXPECT_THAT(refusal("/model/end_of_word_suffix", "</w>"), HasSubstr("end_of_word_suffix"));
  EXPECT_THAT(refusal("/model/merges", {"a x"}), HasSubstr("\"x\" is not in the vocabulary"));
  EXPECT_THAT(refusal("/model/merges", {"ab"}), HasSubstr("expected \"a b\""));
  EXPECT_THAT(refusal("/model/vocab/b", 0), HasSubstr("id 0 is given to"));
  EXPECT_THAT(refusal("/model/vocab/b", 1LL << 40), HasSubstr("expected an id"));
  EXPECT_THAT(refusal("/model/vocab/b", -1), HasSubstr("expected an id"));
  EXPECT_THAT(refusal("/pre_tokenizer/type", "BertPreTokenizer"), HasSubstr("BertPreTokenizer"));
  EXPECT_THAT(refusal("/normalizer", {{"type", "Lowercase"}}), HasSubstr("Lowercase"));
  EXPECT_THAT(refusal("/decoder/type", "WordPiece"), HasSubstr("t.json.decoder"));
  EXPECT_THAT(refusal("/post_processor", {{"type", "BertProcessing"}}),
              HasSubstr("BertProcessing"));
  EXPECT_THAT(refusal("/surprise", 1), HasSubstr("surprise"));
  EXPECT_THAT(refusal("/added_tokens", {{{"id", 1}, {"content", "x"}}}),
              HasSubstr("\"x\" has id 1, but stands at 3 by the rest of the file"));
}

TEST(Tokenizer, ATruncatedJsonIsAnErrorThatNamesTheFile) {
  const std::string whole = small_json("/version", "1.0");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(error_of([&] { BpeTokenizer(whole.substr(0, size), "t.json", TokenizerConfig()); }),
                HasSubstr("t.json"));
  }
}

TEST(Tokenizer, ATruncatedModelIsAnErrorAndNoCrash) {
  const std::string whole = read_file(kGolden + "sentencepiece_test.model");
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "cut.model";
  for (size_t size = 1; size < whole.size(); size += 9973) {
    write_atomically(path, whole.substr(0, size));
    const auto message = error_of([&] { Tokenizer::from_sentencepiece(path); });
    // A cut between two pieces leaves a valid, shorter message.
    if (message != "no error") {
      EXPECT_THAT(message, HasSubstr("cut.model"));
    }
  }
}

TEST(Tokenizer, DecodeNamesAnIdThatHasNoToken) {
  const auto bpe = build_byte_level_tokenizer(small_vocab());
  const auto pieces = Tokenizer::from_sentencepiece(kGolden + "sentencepiece_test.model");
  for (const Tokenizer* tokenizer : {bpe.get(), pieces.get()}) {
    for (int32_t id : {-1, static_cast<int32_t>(tokenizer->vocab_size()), 1 << 30}) {
      EXPECT_THAT(error_of([&] { tokenizer->decode(std::vector<int32_t>{id}, false); }),
                  HasSubstr(std::to_string(id)));
    }
  }
}

TEST(Tokenizer, AnIdBetweenOthersThatHasNoTokenDecodesToNothing) {
  // Published vocabularies have such gaps, and a policy can draw from them.
  const BpeTokenizer tokenizer(small_json("/model/vocab", {{"a", 0}, {"b", 2}, {"ab", 3}}),
                               "t.json", TokenizerConfig());
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{0, 1, 3}, false), "aab");
  EXPECT_FALSE(tokenizer.may_change(std::vector<int32_t>{0, 1}, false));
  EXPECT_THAT(error_of([&] { tokenizer.id_to_token(1); }), HasSubstr("no token with id 1"));
}

TEST(Tokenizer, TextThatIsNotUtf8IsAnErrorWithItsPosition) {
  const auto tokenizer = build_byte_level_tokenizer(small_vocab());
  EXPECT_THAT(error_of([&] { tokenizer->encode("abc\xFFz", false); }), HasSubstr("byte 3"));
  EXPECT_THAT(error_of([&] { tokenizer->encode("abc\xE4\xBD", false); }), HasSubstr("byte 3"));
}

TEST(Tokenizer, ASmallVocabularyEncodesWordsMergesAndMarkers) {
  const auto tokenizer = build_byte_level_tokenizer(small_vocab());
  const auto id = [&](const char* token) { return tokenizer->token_to_id(token).value(); };
  // 95 characters, newline, " the", " answer", "ab", "abc": ids 0 to 99, then the added ones.
  EXPECT_EQ(tokenizer->encode("xabc the<think>7\n", false),
            (std::vector<int32_t>{'x' - ' ', 99, 96, id("<think>"), '7' - ' ', 95}));
  EXPECT_EQ(id("<|endoftext|>"), 100);
  EXPECT_EQ(tokenizer->vocab_size(), 107);
  EXPECT_EQ(tokenizer->eos(), id("<|im_end|>"));
  EXPECT_EQ(tokenizer->bos(), std::nullopt);
  const std::vector<int32_t> ids = {id("<|im_start|>"), 99, id("</answer>")};
  EXPECT_EQ(tokenizer->decode(ids, /*skip_special_tokens=*/true), "abc</answer>");
  EXPECT_THAT(error_of([&] { tokenizer->encode("é", false); }), HasSubstr("0xC3"));
}

TEST(Tokenizer, SavedAndReadAgainItIsTheSame) {
  const TemporaryFolder folder;
  const auto built = build_byte_level_tokenizer(small_vocab());
  built->save(folder.path());
  const auto read = Tokenizer::from_directory(folder.path());
  const std::string text = "<|im_start|>user\nabc the answer<|im_end|>";
  EXPECT_EQ(read->encode(text, true), built->encode(text, true));
  EXPECT_EQ(read->eos(), built->eos());
  EXPECT_EQ(read->pad(), built->pad());
}

TEST(Tokenizer, StreamedTextNeverEndsInsideACharacter) {
  const auto tokenizer = Tokenizer::from_hf_json(kGolden + "minimind_tokenizer.json");
  std::mt19937 random(3);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<int32_t> ids(12);
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % (trial % 2 ? 300 : 6400));
    StreamingDecoder decoder(*tokenizer, false);
    std::string text;
    for (int32_t id : ids) {
      const std::string part = decoder.push(id);
      EXPECT_TRUE(is_valid_utf8(part));
      text += part;
    }
    text += decoder.flush();
    EXPECT_EQ(text, tokenizer->decode(ids, false));
  }
}

TEST(Tokenizer, LongRunsTakeLinearTime) {
  const auto tokenizer = Tokenizer::from_hf_json(kGolden + "minimind_tokenizer.json");
  for (const char* unit : {"a", " ", "😀", "ab"}) {
    std::string text;
    while (text.size() < 1000000) text += unit;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, false), false), text);
    // A quadratic merge would take minutes; the bound leaves room for a busy machine.
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << unit;
  }
}

TEST(Tokenizer, AGgufVocabularyGivesTheIdsOfTheJsonItWasMadeFrom) {
  const auto json = parse_json(read_file(kGolden + "minimind_tokenizer.json"), "minimind");
  GgufVocab vocab;
  vocab.file = "m.gguf";
  vocab.model = "gpt2";
  vocab.pre = "gpt-2";
  vocab.tokens.resize(6400);
  vocab.token_type.assign(6400, 1);
  for (const auto& [token, id] : json["model"]["vocab"].items()) vocab.tokens[id] = token;
  for (const auto& token : json["added_tokens"]) {
    vocab.token_type[token["id"]] = token["special"] ? 3 : 4;
  }
  for (const auto& merge : json["model"]["merges"]) {
    vocab.merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  vocab.eos = 2;
  const auto tokenizer = Tokenizer::from_gguf_vocab(vocab);
  const auto original = Tokenizer::from_hf_json(kGolden + "minimind_tokenizer.json");
  const std::string text = "<|im_start|>user\nLet 12 + 3 = 15, 中文 naïve<|im_end|> <think>";
  EXPECT_EQ(tokenizer->encode(text, false), original->encode(text, false));
  EXPECT_EQ(tokenizer->eos(), 2);
  // The special tokens come first: in the file they stand in the vocabulary too, or `tokenizers`
  // would give them ids of its own (and our reader, which knows, would refuse it).
  const TemporaryFolder folder;
  tokenizer->save(folder.path());
  EXPECT_EQ(Tokenizer::from_directory(folder.path())->encode(text, false),
            original->encode(text, false));

  // SmolLM's digits stand alone, whatever merges there are.
  vocab.pre = "smollm";
  const auto smollm = Tokenizer::from_gguf_vocab(vocab);
  const auto digit = [&](const char* d) { return smollm->token_to_id(d).value(); };
  EXPECT_EQ(smollm->encode("2024", false),
            (std::vector<int32_t>{digit("2"), digit("0"), digit("2"), digit("4")}));
  vocab.pre = "unheard-of";
  EXPECT_THAT(error_of([&] { Tokenizer::from_gguf_vocab(vocab); }), HasSubstr("unheard-of"));
  vocab.model = "rwkv";
  EXPECT_THAT(error_of([&] { Tokenizer::from_gguf_vocab(vocab); }), HasSubstr("rwkv"));
}

GgufVocab llama_vocab() {
  GgufVocab vocab;
  vocab.file = "l.gguf";
  vocab.model = "llama";
  const auto add = [&](const std::string& token, float score, int32_t type) {
    vocab.tokens.push_back(token);
    vocab.scores.push_back(score);
    vocab.token_type.push_back(type);
  };
  add("<unk>", 0, 2);
  add("<s>", 0, 3);
  add("</s>", 0, 3);
  for (int byte = 0; byte < 256; ++byte) add(fmt::format("<0x{:02X}>", byte), 0, 6);
  for (const char* token : {"▁h", "▁hi", "ab"}) add(token, -float(vocab.tokens.size() - 259), 1);
  for (const char* token : {"▁", "a", "b", "h", "i"}) add(token, -10, 1);
  vocab.bos = 1;
  vocab.eos = 2;
  vocab.unk = 0;
  return vocab;
}

TEST(Tokenizer, AGgufLlamaVocabularyMergesByScoreAndFallsBackToBytes) {
  const auto tokenizer = Tokenizer::from_gguf_vocab(llama_vocab());
  // ids: 259 "▁h", 260 "▁hi", 261 "ab", 262 "▁"; byte b is 3 + b; "é" is C3 A9.
  EXPECT_EQ(tokenizer->encode("hi abé", true),
            (std::vector<int32_t>{1, 260, 262, 261, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(tokenizer->encode("hi</s>", false), (std::vector<int32_t>{260, 2}));
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1, 260, 262, 261, 198, 172, 2}, true), "hi abé");
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1, 260}, false), "<s> hi");

  const TemporaryFolder folder;
  tokenizer->save(folder.path());
  const auto read = Tokenizer::from_directory(folder.path());
  EXPECT_EQ(read->encode("hi abé", true), tokenizer->encode("hi abé", true));
  EXPECT_EQ(read->eos(), 2);
  // What transformers' generate() takes from a tokenizer it is given.
  EXPECT_THAT(read_file(folder.path() / "tokenizer_config.json"),
              ::testing::HasSubstr("\"model_input_names\": [\n    \"input_ids\",\n"
                                   "    \"attention_mask\"\n  ]"));
}

// Expected ids: llama.cpp's, and those of transformers' LlamaTokenizerFast for the saved folder.
TEST(Tokenizer, AGgufLlamaVocabularysMarkersAreRecognisedHereAndInTheFolderSaved) {
  GgufVocab vocab = llama_vocab();
  vocab.tokens.emplace_back("<think>");
  vocab.scores.push_back(-1000);
  vocab.token_type.push_back(4);  // user defined
  const auto tokenizer = Tokenizer::from_gguf_vocab(vocab);
  const std::vector<int32_t> ids = {267, 260, 0, 267};
  EXPECT_EQ(tokenizer->encode("<think>hi<unk><think>", false), ids);
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{267, 260}, true), "<think> hi");

  const TemporaryFolder folder;
  tokenizer->save(folder.path());
  EXPECT_EQ(Tokenizer::from_directory(folder.path())->encode("<think>hi<unk><think>", false), ids);
  const auto json = parse_json(read_file(folder.path() / "tokenizer_config.json"), "saved");
  EXPECT_EQ(json.at("added_tokens_decoder").at("267").at("content"), "<think>");
  EXPECT_EQ(json.at("added_tokens_decoder").at("267").at("special"), false);
  EXPECT_EQ(json.at("added_tokens_decoder").at("0").at("special"), true);
  EXPECT_FALSE(json.contains("add_prefix_space"));
}

TEST(Tokenizer, AGgufLlamaVocabularyWithoutABlankInFrontSaysSoToTransformers) {
  GgufVocab vocab = llama_vocab();
  vocab.add_space_prefix = false;
  const auto tokenizer = Tokenizer::from_gguf_vocab(vocab);
  EXPECT_EQ(tokenizer->encode("hi", false), (std::vector<int32_t>{265, 266}));
  const TemporaryFolder folder;
  tokenizer->save(folder.path());
  // Its Llama classes ask this key, and not tokenizer.model.
  EXPECT_EQ(parse_json(read_file(folder.path() / "tokenizer_config.json"), "saved")
                .at("add_prefix_space"),
            false);
  EXPECT_EQ(Tokenizer::from_directory(folder.path())->encode("hi", false),
            (std::vector<int32_t>{265, 266}));
}

// Checked against transformers 4.57.6, LlamaTokenizer and LlamaTokenizerFast of a folder that has
// nothing but a tokenizer.model.
TEST(Tokenizer, AFolderWithATokenizerModelAloneHasUnkAsASpecialToken) {
  const TemporaryFolder folder;
  Tokenizer::from_gguf_vocab(llama_vocab())->save(folder.path());
  std::filesystem::remove(folder.path() / "tokenizer_config.json");
  std::filesystem::remove(folder.path() / "special_tokens_map.json");
  const auto tokenizer = Tokenizer::from_directory(folder.path());
  EXPECT_EQ(tokenizer->encode("hi<unk></s>", true), (std::vector<int32_t>{1, 260, 0, 2}));
  EXPECT_TRUE(tokenizer->is_special(0));
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1, 260, 0, 2}, true), "hi");
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1, 260, 0, 2}, false), "<s> hi<unk></s>");
  // sentencepiece itself takes it for text, and writes it as a sign of its own.
  const auto library = Tokenizer::from_sentencepiece(folder.path() / "tokenizer.model");
  EXPECT_FALSE(library->is_special(0));
  EXPECT_EQ(library->decode(std::vector<int32_t>{260, 0}, false), "hi \u2047 ");
}

TEST(Tokenizer, TheMiniaturesFilesMakeWhatGenerateTakes) {
  const auto json = parse_json(read_file(std::filesystem::path(GRPO_SOURCE_DIR) /
                                         "recipes/tiny/model/tokenizer_config.json"),
                               "tokenizer_config.json");
  EXPECT_EQ(json.at("model_input_names"), Json({"input_ids", "attention_mask"}));
}

TEST(Tokenizer, WithoutLegacyOnlyTheTextBeginsWithABlank) {
  const TemporaryFolder folder;
  Tokenizer::from_gguf_vocab(llama_vocab())->save(folder.path());
  write_atomically(folder.path() / "tokenizer_config.json",
                   R"({"tokenizer_class": "LlamaTokenizer", "legacy": false})");
  const auto tokenizer = Tokenizer::from_directory(folder.path());
  EXPECT_EQ(tokenizer->encode("hi</s>hi", false), (std::vector<int32_t>{260, 2, 265, 266}));
}

TEST(Tokenizer, SentencePieceDecodesAsItsLibraryDoes) {
  const std::string path = kGolden + "sentencepiece_test.model";
  sentencepiece::SentencePieceProcessor processor;
  ASSERT_TRUE(processor.Load(path).ok());
  const auto tokenizer = Tokenizer::from_sentencepiece(path);
  std::mt19937 random(5);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<int> ids(8);
    for (int& id : ids) id = static_cast<int>(random() % (trial % 2 ? 1000 : 12));
    EXPECT_EQ(tokenizer->decode(ids, true), processor.DecodeIds(ids));
  }
}

}  // namespace
}  // namespace grpo::policy
