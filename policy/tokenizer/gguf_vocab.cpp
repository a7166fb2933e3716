#include "policy/tokenizer/gguf_vocab.h"

#include <algorithm>

#include "base/error.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/sentencepiece.h"
#include "policy/tokenizer/tokenizer_json.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

PieceType type_of(const GgufVocab& vocab, size_t id) {
  if (vocab.token_type.empty()) return PieceType::kNormal;
  const int32_t type = vocab.token_type[id];
  check_input(type >= 1 && type <= 6, "{}: tokenizer.ggml.token_type[{}]: expected 1 to 6, got {}",
              vocab.file, id, type);
  return static_cast<PieceType>(type);
}

/// Text of a special id: Error when it lies outside the vocabulary.
std::optional<std::string> token_of(const GgufVocab& vocab, std::optional<int32_t> id,
                                    const char* key) {
  if (!id) return {};
  check_input(*id >= 0 && static_cast<size_t>(*id) < vocab.tokens.size(),
              "{}: tokenizer.ggml.{}: {} is outside the vocabulary of {}", vocab.file, key, *id,
              vocab.tokens.size());
  return vocab.tokens[static_cast<size_t>(*id)];
}

TokenizerConfig config_of(const GgufVocab& vocab) {
  TokenizerConfig config;
  config.bos = token_of(vocab, vocab.bos, "bos_token_id");
  config.eos = token_of(vocab, vocab.eos, "eos_token_id");
  config.unk = token_of(vocab, vocab.unk, "unknown_token_id");
  config.pad = token_of(vocab, vocab.pad, "padding_token_id");
  return config;
}

/// Names of `tokenizer.ggml.pre`; the first one of a scheme is written.
constexpr std::pair<std::string_view, SplitScheme> kSchemes[] = {
    {"gpt-2", SplitScheme::kGpt2},
    {"olmo", SplitScheme::kGpt2},
    {"smollm", SplitScheme::kSmollm},
    {"qwen2", SplitScheme::kQwen2},
    {"deepseek-r1-qwen", SplitScheme::kQwen2},
    {"llama-bpe", SplitScheme::kLlama3},
    {"deepseek-llm", SplitScheme::kDeepSeekLlm},
    {"deepseek-coder", SplitScheme::kDeepSeekCoder},
    {"deepseek-v3", SplitScheme::kDeepSeekV3},
};

SplitScheme scheme_of(const GgufVocab& vocab) {
  std::string known;
  for (const auto& [name, scheme] : kSchemes) {
    if (name == vocab.pre) return scheme;
    known += known.empty() ? "" : ", ";
    known += name;
  }
  throw Error(fmt::format("{}: tokenizer.ggml.pre: \"{}\" is not supported; known: {}", vocab.file,
                          vocab.pre, known),
              2);
}

std::unique_ptr<Tokenizer> byte_level_from_gguf(const GgufVocab& vocab) {
  BpeParts parts;
  parts.scheme = scheme_of(vocab);
  parts.ignore_merges = parts.scheme == SplitScheme::kLlama3;
  TokenizerConfig config = config_of(vocab);
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    const std::string& token = vocab.tokens[i];
    const auto id = static_cast<int32_t>(i);
    const PieceType type = type_of(vocab, i);
    if (type == PieceType::kUnused) continue;  // fills up the model's vocabulary
    if (type == PieceType::kNormal) {
      check_input(parts.vocab.emplace(token, id).second,
                  "{}: tokenizer.ggml.tokens[{}]: \"{}\" stands twice", vocab.file, id, token);
      continue;
    }
    AddedToken added;
    added.id = id;
    added.content = token;
    added.special = type != PieceType::kUserDefined;
    parts.added_tokens.push_back(std::move(added));
  }
  for (size_t i = 0; i < vocab.merges.size(); ++i) {
    const std::string& merge = vocab.merges[i];
    const size_t blank = merge.find(' ', 1);  // a piece may not be empty
    check_input(blank != std::string::npos,
                "{}: tokenizer.ggml.merges[{}]: expected \"a b\", got \"{}\"", vocab.file, i,
                merge);
    parts.merges.push_back({merge.substr(0, blank), merge.substr(blank + 1)});
  }
  if (vocab.add_bos.value_or(parts.scheme == SplitScheme::kLlama3)) {
    check_input(vocab.bos.has_value(), "{}: tokenizer.ggml.add_bos_token without bos_token_id",
                vocab.file);
    parts.prefix.push_back(*vocab.bos);
  }
  if (vocab.add_eos.value_or(false)) {
    check_input(vocab.eos.has_value(), "{}: tokenizer.ggml.add_eos_token without eos_token_id",
                vocab.file);
    parts.suffix.push_back(*vocab.eos);
  }
  return std::make_unique<BpeTokenizer>(make_tokenizer_json(parts), vocab.file, std::move(config));
}

/// Pieces that are found in the text before it is cut up, as llama.cpp does: said to transformers,
/// too. Those with the blank symbol stay sentencepiece's, which finds them in text with blanks.
void add_marker(const Piece& piece, int32_t id, TokenizerConfig& config) {
  const bool user_defined = piece.type == PieceType::kUserDefined;
  if (!user_defined && piece.type != PieceType::kUnknown && piece.type != PieceType::kControl)
    return;
  if (user_defined && piece.text.find("\xE2\x96\x81") != std::string::npos) return;
  AddedToken token;
  token.id = id;
  token.content = piece.text;
  token.special = !user_defined;
  config.added_tokens.push_back(std::move(token));
}

std::unique_ptr<Tokenizer> sentencepiece_from_gguf(const GgufVocab& vocab) {
  check_input(vocab.scores.size() == vocab.tokens.size(),
              "{}: tokenizer.ggml.scores: expected {} values, got {}", vocab.file,
              vocab.tokens.size(), vocab.scores.size());
  std::vector<Piece> pieces;
  bool has_bytes = false;
  std::optional<int32_t> unknown;
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    pieces.push_back({vocab.tokens[i], vocab.scores[i], type_of(vocab, i)});
    has_bytes |= pieces.back().type == PieceType::kByte;
    if (pieces.back().type == PieceType::kUnknown) unknown = static_cast<int32_t>(i);
  }
  check_input(unknown.has_value(), "{}: tokenizer.ggml.token_type: no unknown token", vocab.file);
  TokenizerConfig config = config_of(vocab);
  for (size_t i = 0; i < pieces.size(); ++i) add_marker(pieces[i], static_cast<int32_t>(i), config);
  if (vocab.add_space_prefix == false) config.add_prefix_space = false;
  config.add_bos = vocab.add_bos.value_or(true);
  config.add_eos = vocab.add_eos.value_or(false);
  const SentencePieceIds ids{*unknown, vocab.bos.value_or(-1), vocab.eos.value_or(-1),
                             vocab.pad.value_or(-1)};
  return std::make_unique<SentencePieceTokenizer>(
      make_sentencepiece_proto(pieces, ids, has_bytes, vocab.add_space_prefix.value_or(true)),
      vocab.file, std::move(config), SentencePieceTokenizer::Like::kTransformers);
}

}  // namespace

std::string gguf_pre_name(SplitScheme scheme) {
  const auto named = [scheme](const auto& row) { return row.second == scheme; };
  return std::string(std::ranges::find_if(kSchemes, named)->first);
}

std::unique_ptr<Tokenizer> Tokenizer::from_gguf_vocab(const GgufVocab& vocab) {
  check_input(!vocab.tokens.empty(), "{}: tokenizer.ggml.tokens: missing or empty", vocab.file);
  check_input(vocab.token_type.empty() || vocab.token_type.size() == vocab.tokens.size(),
              "{}: tokenizer.ggml.token_type: expected {} values, got {}", vocab.file,
              vocab.tokens.size(), vocab.token_type.size());
  for (size_t i = 0; i < vocab.tokens.size(); ++i) {
    check_input(first_invalid_utf8(vocab.tokens[i]) == std::string::npos,
                "{}: tokenizer.ggml.tokens[{}] is not UTF-8", vocab.file, i);
  }
  if (vocab.model == "gpt2") return byte_level_from_gguf(vocab);
  if (vocab.model == "llama") return sentencepiece_from_gguf(vocab);
  throw Error(fmt::format("{}: tokenizer.ggml.model: \"{}\" is not supported, only gpt2 and llama",
                          vocab.file, vocab.model),
              2);
}

}  // namespace grpo::policy
