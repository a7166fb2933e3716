#include "policy/tokenizer/sentencepiece.h"

#include <sentencepiece_processor.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "policy/tokenizer/token_decoder.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

constexpr std::string_view kBlankSymbol = "\xE2\x96\x81";
constexpr int32_t kMaxId = 1 << 24;

std::unique_ptr<sentencepiece::SentencePieceProcessor> load(const std::string& proto,
                                                            const std::string& file) {
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  const auto status = processor->LoadFromSerializedProto(proto);
  check_input(status.ok(), "{}: {}", file, status.ToString());
  return processor;
}

/// Well-formed characters stay; each other byte becomes U+FFFD, as in the library.
void append_bytes(std::string_view bytes, std::string& text) {
  while (!bytes.empty()) {
    const size_t valid = std::min(first_invalid_utf8(bytes), bytes.size());
    text += bytes.substr(0, valid);
    bytes.remove_prefix(valid);
    if (bytes.empty()) return;
    text += "\xEF\xBF\xBD";
    bytes.remove_prefix(1);
  }
}

}  // namespace

SentencePieceTokenizer::SentencePieceTokenizer(std::string proto, const std::string& file,
                                               TokenizerConfig config, Like like)
    : proto_(std::move(proto)), file_(file), config_(std::move(config)) {
  spec_ = read_sentencepiece_spec(proto_, file_);
  check_input(!spec_.has_denormalizer, "{}: denormalizer_spec is not supported", file_);
  check_input(!spec_.treat_whitespace_as_suffix,
              "{}: trainer_spec.treat_whitespace_as_suffix is not supported", file_);
  check_input(spec_.escape_whitespaces,
              "{}: normalizer_spec.escape_whitespaces = false is not supported", file_);
  processor_ = load(proto_, file_);
  if (config_.legacy == false) inner_processor_ = load(without_dummy_prefix(proto_), file_);
  std::vector<AddedToken> recognised;
  read_pieces(like, recognised);
  read_added_tokens(recognised);
  matcher_ = AddedTokenMatcher(recognised, nullptr);
  set_special_ids(like);
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;

void SentencePieceTokenizer::read_pieces(Like like, std::vector<AddedToken>& recognised) {
  const int size = processor_->GetPieceSize();
  for (int id = 0; id < size; ++id) {
    Token token{processor_->IdToPiece(id), Kind::kText, false};
    check_input(is_valid_utf8(token.text), "{}: piece {} is not UTF-8", file_, id);
    if (processor_->IsByte(id)) token.kind = Kind::kByte;
    if (processor_->IsUnknown(id)) token.kind = Kind::kUnknown;
    const bool special_unk = token.kind == Kind::kUnknown && like == Like::kTransformers;
    if (processor_->IsControl(id) || special_unk) {
      token.kind = Kind::kSpecial;
      token.special = true;
      AddedToken control;
      control.id = id;
      control.content = token.text;
      control.special = true;
      recognised.push_back(std::move(control));
    }
    tokens_.push_back(std::move(token));
  }
}

void SentencePieceTokenizer::read_added_tokens(std::vector<AddedToken>& recognised) {
  for (const AddedToken& added : config_.added_tokens) {
    check_input(added.id < kMaxId, "{}: added token id {} is out of range", file_, added.id);
    const auto id = static_cast<size_t>(added.id);
    if (id >= tokens_.size()) tokens_.resize(id + 1);
    Token& token = tokens_[id];
    check_input(token.kind == Kind::kNone || token.text == added.content,
                "{}: id {} is \"{}\", but \"{}\" in tokenizer_config.json's added_tokens_decoder",
                file_, id, token.text, added.content);
    if (token.kind != Kind::kSpecial && token.kind != Kind::kByte) token.kind = Kind::kAdded;
    token.text = added.content;
    token.special = added.special;
    added_ids_[added.content] = added.id;
    std::erase_if(recognised, [&](const AddedToken& known) { return known.id == added.id; });
    recognised.push_back(added);
  }
}

void SentencePieceTokenizer::set_special_ids(Like like) {
  const auto id_of = [&](const std::optional<std::string>& token, int id, const char* key) {
    if (!token) return id >= 0 ? std::optional<int32_t>(id) : std::nullopt;
    const auto found = token_to_id(*token);
    check_input(found.has_value(), "{}: {} \"{}\" is not in the vocabulary", file_, key, *token);
    return found;
  };
  bos_ = id_of(config_.bos, processor_->bos_id(), "bos_token");
  eos_ = id_of(config_.eos, processor_->eos_id(), "eos_token");
  pad_ = id_of(config_.pad, processor_->pad_id(), "pad_token");
  unk_ = id_of(config_.unk, processor_->unk_id(), "unk_token");
  if (config_.add_bos.value_or(like == Like::kTransformers && bos_)) {
    check_input(bos_.has_value(), "{}: add_bos_token without a bos_token", file_);
    prefix_.push_back(*bos_);
  }
  if (config_.add_eos.value_or(false)) {
    check_input(eos_.has_value(), "{}: add_eos_token without an eos_token", file_);
    suffix_.push_back(*eos_);
  }
}

std::vector<int32_t> SentencePieceTokenizer::encode(std::string_view text,
                                                    bool add_special_tokens) const {
  const size_t invalid = first_invalid_utf8(text);
  check_input(invalid == std::string_view::npos, "text to encode: byte {} is not UTF-8", invalid);
  std::vector<int32_t> ids;
  if (add_special_tokens) ids = prefix_;
  std::vector<AddedTokenMatcher::Section> sections;
  matcher_.split(text, sections);
  std::vector<int> part_ids;
  for (const auto& section : sections) {
    if (section.id >= 0) {
      ids.push_back(section.id);
      continue;
    }
    const bool inner = inner_processor_ && section.begin > 0;
    const std::string_view part = text.substr(section.begin, section.end - section.begin);
    const auto status =
        (inner ? inner_processor_ : processor_)->Encode({part.data(), part.size()}, &part_ids);
    check(status.ok(), "{}: {}", file_, status.ToString());
    ids.insert(ids.end(), part_ids.begin(), part_ids.end());
  }
  if (add_special_tokens) ids.insert(ids.end(), suffix_.begin(), suffix_.end());
  return ids;
}

std::string SentencePieceTokenizer::decode(std::span<const int32_t> ids,
                                           bool skip_special_tokens) const {
  const bool drops_blank = spec_.add_dummy_prefix || spec_.remove_extra_whitespaces;
  bool dropped = false;
  std::string text, bytes;
  for (int32_t id : ids) {
    const Token& token = token_at(id);
    if (skip_special_tokens && token.special) continue;
    if (token.kind == Kind::kByte) {
      bytes += static_cast<char>(fallback_byte(token.text));
      continue;
    }
    append_bytes(bytes, text);
    bytes.clear();
    if (token.kind == Kind::kUnknown) {
      text += spec_.unk_surface;
      continue;
    }
    if (token.kind != Kind::kText) {
      text += token.text;
      continue;
    }
    std::string_view piece = token.text;
    if (drops_blank && !dropped && text.empty() && piece.starts_with(kBlankSymbol)) {
      piece.remove_prefix(kBlankSymbol.size());
      dropped = !spec_.remove_extra_whitespaces;
    }
    while (!piece.empty()) {
      const size_t blank = std::min(piece.find(kBlankSymbol), piece.size());
      text += piece.substr(0, blank);
      piece.remove_prefix(blank);
      if (piece.empty()) break;
      text += ' ';
      piece.remove_prefix(kBlankSymbol.size());
    }
  }
  append_bytes(bytes, text);
  return text;
}

const SentencePieceTokenizer::Token& SentencePieceTokenizer::token_at(int32_t id) const {
  check_input(id >= 0 && static_cast<size_t>(id) < tokens_.size() &&
                  tokens_[static_cast<size_t>(id)].kind != Kind::kNone,
              "{}: there is no token with id {}; ids are below {}", file_, id, tokens_.size());
  return tokens_[static_cast<size_t>(id)];
}

std::optional<int32_t> SentencePieceTokenizer::token_to_id(std::string_view token) const {
  const auto added = added_ids_.find(std::string(token));
  if (added != added_ids_.end()) return added->second;
  const int id = processor_->PieceToId({token.data(), token.size()});
  // The library answers with unk for what it does not know.
  if (tokens_[static_cast<size_t>(id)].text != token) return {};
  return id;
}

std::string SentencePieceTokenizer::id_to_token(int32_t id) const { return token_at(id).text; }

bool SentencePieceTokenizer::is_special(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < tokens_.size() &&
         tokens_[static_cast<size_t>(id)].special;
}

bool SentencePieceTokenizer::may_change(std::span<const int32_t> ids,
                                        bool skip_special_tokens) const {
  std::string tail;
  for (size_t i = ids.size(); i > 0 && tail.size() < 4; --i) {
    const Token& token = token_at(ids[i - 1]);
    if (skip_special_tokens && token.special) continue;
    if (token.kind != Kind::kByte) break;
    tail.insert(tail.begin(), static_cast<char>(fallback_byte(token.text)));
  }
  return utf8_complete_prefix(tail) < tail.size();
}

void SentencePieceTokenizer::save(const std::filesystem::path& directory) const {
  std::filesystem::create_directories(directory);
  write_atomically(directory / "tokenizer.model", proto_);
  TokenizerConfig config = config_;
  if (config.tokenizer_class.empty()) config.tokenizer_class = "LlamaTokenizer";
  config.add_bos = !prefix_.empty();
  config.add_eos = !suffix_.empty();
  // Written out, because the default of transformers 5 is the other one.
  config.legacy = !inner_processor_;
  const auto name = [&](std::optional<std::string>& token, std::optional<int32_t> id) {
    if (id) token = id_to_token(*id);
  };
  name(config.bos, bos_);
  name(config.eos, eos_);
  name(config.pad, pad_);
  name(config.unk, unk_);
  config.save(directory);
}

}  // namespace grpo::policy
