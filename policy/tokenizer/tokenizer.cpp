#include "policy/tokenizer/tokenizer.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/sentencepiece.h"

namespace grpo::policy {

namespace fs = std::filesystem;

Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::from_directory(const fs::path& directory) {
  const fs::path json = directory / "tokenizer.json", model = directory / "tokenizer.model";
  if (fs::exists(json)) {
    return std::make_unique<BpeTokenizer>(read_file(json), json.string(),
                                          TokenizerConfig::from_directory(directory));
  }
  check_input(fs::exists(model), "{}: no tokenizer: neither tokenizer.json nor tokenizer.model",
              directory.string());
  constexpr auto kLike = SentencePieceTokenizer::Like::kTransformers;
  return std::make_unique<SentencePieceTokenizer>(
      read_file(model), model.string(), TokenizerConfig::from_directory(directory), kLike);
}

std::unique_ptr<Tokenizer> Tokenizer::from_hf_json(const fs::path& path) {
  return std::make_unique<BpeTokenizer>(read_file(path), path.string(), TokenizerConfig());
}

std::unique_ptr<Tokenizer> Tokenizer::from_sentencepiece(const fs::path& path) {
  constexpr auto kLike = SentencePieceTokenizer::Like::kSentencePiece;
  return std::make_unique<SentencePieceTokenizer>(read_file(path), path.string(), TokenizerConfig(),
                                                  kLike);
}

std::string StreamingDecoder::take() {
  const std::string text = tokenizer_.decode(window_, skip_special_tokens_);
  std::string fresh = text.substr(std::min(written_, text.size()));
  written_ = text.size();
  return fresh;
}

std::string StreamingDecoder::push(int32_t id) {
  window_.push_back(id);
  if (tokenizer_.may_change(window_, skip_special_tokens_)) return {};
  std::string fresh = take();
  const std::string alone = tokenizer_.decode({&id, 1}, skip_special_tokens_);
  if (!alone.empty()) {
    window_ = {id};
    written_ = alone.size();
  }
  return fresh;
}

std::string StreamingDecoder::flush() {
  std::string rest = take();
  window_.clear();
  written_ = 0;
  return rest;
}

}  // namespace grpo::policy
