// Tokenizer::to_gguf: the keys of which from_gguf_vocab, and llama.cpp, make the same tokenizer.
// Source: ggml-org/llama.cpp, src/llama-vocab.cpp and conversion/base.py.

#include <sentencepiece_processor.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/gguf_vocab.h"
#include "policy/tokenizer/merge_scores.h"
#include "policy/tokenizer/sentencepiece.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/tokenizer_json.h"

namespace grpo::policy {
namespace {

int32_t number(PieceType type) { return static_cast<int32_t>(type); }

/// llama.cpp finds added tokens in the raw text and takes no blanks along.
void warn_of_flags(const std::vector<AddedToken>& added, const std::string& file) {
  const auto beyond = [](const AddedToken& t) { return t.lstrip || t.rstrip || t.single_word; };
  const auto first = std::ranges::find_if(added, beyond);
  if (first == added.end()) return;
  log_warning(
      "{}: {} added tokens, \"{}\" the first, have lstrip, rstrip or single_word: GGUF has no "
      "form for that",
      file, std::ranges::count_if(added, beyond), first->content);
}

void set_ids(const Tokenizer& tokenizer, GgufVocab& vocab) {
  vocab.bos = tokenizer.bos();
  vocab.eos = tokenizer.eos();
  vocab.unk = tokenizer.unk();
  vocab.pad = tokenizer.pad();
}

}  // namespace

void GgufVocab::pad_to(int64_t size) {
  for (auto id = static_cast<int64_t>(tokens.size()); id < size; ++id) {
    tokens.push_back(fmt::format("[PAD{}]", id));
    token_type.push_back(number(PieceType::kUnused));
    if (model == "llama") scores.push_back(0);
  }
}

void GgufVocab::set_token(int32_t id, const std::string& token, int32_t type, float score) {
  pad_to(id + 1);
  tokens[static_cast<size_t>(id)] = token;
  token_type[static_cast<size_t>(id)] = type;
  if (model == "llama") scores[static_cast<size_t>(id)] = score;
}

void GgufVocab::set_around(const std::vector<int32_t>& prefix, const std::vector<int32_t>& suffix) {
  const auto only = [](const std::vector<int32_t>& ids, std::optional<int32_t> id) {
    return ids.empty() || (id && ids == std::vector<int32_t>{*id});
  };
  check_input(only(prefix, bos) && only(suffix, eos),
              "{}: puts [{}] in front of a text and [{}] behind: GGUF can say bos and eos only",
              file, fmt::join(prefix, ", "), fmt::join(suffix, ", "));
  add_bos = !prefix.empty();
  add_eos = !suffix.empty();
}

GgufVocab BpeTokenizer::to_gguf() const {
  const auto root = parse_json(json_, file_);
  if (const auto blank = adds_blank_in_front(root)) return characters_to_gguf(root, *blank);
  const auto scheme = find_split_scheme(root);
  check_input(scheme.has_value() && decoder_.is_byte_level(),
              "{}: GGUF has no name for this normalizer and pre_tokenizer", file_);
  const bool whole = root.at("model").value("ignore_merges", false);
  check_input(whole == (*scheme == SplitScheme::kLlama3),
              "{}: model: ignore_merges: GGUF's {} has no form for {}", file_,
              gguf_pre_name(*scheme), whole);
  warn_of_flags(added_, file_);
  GgufVocab vocab;
  vocab.file = file_;
  vocab.model = "gpt2";
  vocab.pre = gguf_pre_name(*scheme);
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (used_[id])
      vocab.set_token(static_cast<int32_t>(id), tokens_[id], number(PieceType::kNormal));
  }
  for (const AddedToken& token : added_) {
    const auto type = token.special ? PieceType::kControl : PieceType::kUserDefined;
    vocab.set_token(token.id, token.content, number(type));
  }
  for (const auto& merge : root.at("model").at("merges")) {
    vocab.merges.push_back(merge.is_string()
                               ? merge.get<std::string>()
                               : merge[0].get<std::string>() + " " + merge[1].get<std::string>());
  }
  set_ids(*this, vocab);
  vocab.set_around(post_processor_.prefix, post_processor_.suffix);
  return vocab;
}

GgufVocab BpeTokenizer::characters_to_gguf(const nlohmann::json& root, bool blank_in_front) const {
  const nlohmann::json& model = root.at("model");
  check_input(model.value("byte_fallback", false) && !model.value("ignore_merges", false) &&
                  model_->unk_id() != StringTable::kNone,
              "{}: model: GGUF holds merges of characters with byte_fallback and unk_token, and "
              "without ignore_merges",
              file_);
  warn_of_flags(added_, file_);
  GgufVocab vocab;
  vocab.file = file_;
  vocab.model = "llama";
  vocab.pre = "default";
  const auto scores = merge_scores(model, file_);
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    if (!used_[i]) continue;
    const auto type = id == model_->unk_id()           ? PieceType::kUnknown
                      : fallback_byte(tokens_[i]) >= 0 ? PieceType::kByte
                                                       : PieceType::kNormal;
    const auto score = scores.find(id);
    vocab.set_token(id, tokens_[i], number(type), score == scores.end() ? 0 : score->second);
    const bool added = added_ids_.contains(tokens_[i]);
    check_input(type != PieceType::kNormal || added || score != scores.end() ||
                    utf8_to_codes(tokens_[i]).size() == 1,
                "{}: model: no merge makes \"{}\": GGUF has no form for that", file_, tokens_[i]);
  }
  for (const AddedToken& token : added_) {
    if (token.id == model_->unk_id()) continue;
    const auto type = token.special ? PieceType::kControl : PieceType::kUserDefined;
    vocab.set_token(token.id, token.content, number(type));
  }
  set_ids(*this, vocab);
  vocab.set_around(post_processor_.prefix, post_processor_.suffix);
  vocab.add_space_prefix = blank_in_front;
  return vocab;
}

GgufVocab SentencePieceTokenizer::to_gguf() const {
  check_input(
      spec_.bpe && !spec_.has_normalizer_rules && !spec_.remove_extra_whitespaces,
      "{}: GGUF holds SentencePiece models of type BPE that change no character and no blank",
      file_);
  warn_of_flags(config_.added_tokens, file_);
  GgufVocab vocab;
  vocab.file = file_;
  vocab.model = "llama";
  vocab.pre = "default";
  const int size = processor_->GetPieceSize();
  for (int id = 0; id < size; ++id) {
    const auto i = static_cast<size_t>(id);
    vocab.set_token(id, tokens_[i].text, number(spec_.types[i]), processor_->GetScore(id));
  }
  for (const AddedToken& token : config_.added_tokens) {
    if (token.id < size && processor_->IsUnknown(token.id)) continue;
    const auto type = token.special ? PieceType::kControl : PieceType::kUserDefined;
    vocab.set_token(token.id, token.content, number(type));
  }
  set_ids(*this, vocab);
  vocab.set_around(prefix_, suffix_);
  vocab.add_space_prefix = spec_.add_dummy_prefix;
  return vocab;
}

}  // namespace grpo::policy
