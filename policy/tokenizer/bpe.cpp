#include "policy/tokenizer/bpe.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

constexpr int64_t kMaxId = 1 << 24;

std::vector<AddedToken> read_added_tokens(const JsonNode& root) {
  std::vector<AddedToken> tokens;
  if (!root.has("added_tokens")) return tokens;
  for (const JsonNode& node : root.at("added_tokens").items()) {
    const int64_t id = node.at("id").integer();
    if (id < 0 || id >= kMaxId) node.at("id").fail("expected an id in [0, {})", kMaxId);
    tokens.push_back(read_added_token(node, static_cast<int32_t>(id)));
  }
  return tokens;
}

/// `tokenizers` does not take an added token's id from the file: it has the model's, or else the
/// next free one. A file that says otherwise has no ids that both would agree on.
void check_added_ids(const JsonNode& root, const std::vector<AddedToken>& added,
                     const BpeModel& model) {
  int64_t next = 0;  // the vocabulary's size, not its largest id: holes do not count
  for (size_t id = 0; id < model.tokens().size(); ++id) {
    next += model.has_id(static_cast<int32_t>(id)) ? 1 : 0;
  }
  for (const AddedToken& token : added) {
    const int32_t in_model = model.find(token.content);
    const int64_t id = in_model == StringTable::kNone ? next : in_model;
    if (token.id != id) {
      root.at("added_tokens")
          .fail("\"{}\" has id {}, but stands at {} by the rest of the file", token.content,
                token.id, id);
    }
    next = std::max(next, id + 1);
  }
}

/// tokenizer_config.json may add tokens and change the flags of those of tokenizer.json.
void override_added_tokens(const std::vector<AddedToken>& overrides, const std::string& file,
                           std::vector<AddedToken>& tokens) {
  for (const AddedToken& token : overrides) {
    check_input(token.id < kMaxId, "{}: added token id {} is out of range", file, token.id);
    const auto same = std::find_if(tokens.begin(), tokens.end(),
                                   [&](const AddedToken& known) { return known.id == token.id; });
    if (same == tokens.end()) {
      tokens.push_back(token);
      continue;
    }
    check_input(same->content == token.content,
                "{}: id {} is \"{}\", but \"{}\" in tokenizer_config.json's added_tokens_decoder",
                file, token.id, same->content, token.content);
    *same = token;
  }
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::string json, const std::string& file, TokenizerConfig config)
    : json_(std::move(json)), file_(file), config_(std::move(config)) {
  const auto document = parse_json(json_, file_);
  read(JsonNode(document, file_));
}

void BpeTokenizer::read(const JsonNode& root) {
  root.allow_keys({"version", "truncation", "padding", "added_tokens", "normalizer",
                   "pre_tokenizer", "post_processor", "decoder", "model"});
  if (root.has("version") && root.string("version") != "1.0") {
    root.at("version").fail("expected \"1.0\", got \"{}\"", root.string("version"));
  }
  if (root.has("normalizer")) normalizer_ = Normalizer(root.at("normalizer"));
  if (root.has("pre_tokenizer")) pre_tokenizer_ = PreTokenizer(root.at("pre_tokenizer"));
  if (root.has("post_processor")) post_processor_ = PostProcessor(root.at("post_processor"));
  if (root.has("decoder")) decoder_ = TokenDecoder(root.at("decoder"));
  model_ = std::make_unique<BpeModel>(root.at("model"), pre_tokenizer_.byte_level()
                                                            ? BpeAlphabet::kBytes
                                                            : BpeAlphabet::kCharacters);
  added_ = read_added_tokens(root);
  check_added_ids(root, added_, *model_);
  override_added_tokens(config_.added_tokens, file_, added_);
  set_tokens(root);

  std::vector<AddedToken> raw, normalized;
  for (const AddedToken& token : added_) (token.normalized ? normalized : raw).push_back(token);
  raw_matcher_ = AddedTokenMatcher(raw, nullptr);
  normalized_matcher_ = AddedTokenMatcher(normalized, &normalizer_);
  set_special_ids();
  for (const auto* ids : {&post_processor_.prefix, &post_processor_.suffix}) {
    for (int32_t id : *ids) index_of(id);
  }
}

void BpeTokenizer::set_tokens(const JsonNode& root) {
  tokens_ = model_->tokens();
  used_.resize(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) used_[id] = model_->has_id(static_cast<int>(id));
  for (const AddedToken& token : added_) {
    const auto id = static_cast<size_t>(token.id);
    if (id >= tokens_.size()) {
      tokens_.resize(id + 1);
      used_.resize(id + 1);
    }
    const int32_t in_model = model_->find(token.content);
    const bool first = added_ids_.emplace(token.content, token.id).second;
    if (!first || (in_model != StringTable::kNone && in_model != token.id) ||
        (used_[id] && tokens_[id] != token.content)) {
      root.at("added_tokens")
          .fail("id {}, \"{}\": the id or the token is taken", id, token.content);
    }
    tokens_[id] = token.content;
    used_[id] = true;
  }
  special_.resize(tokens_.size());
  for (const AddedToken& token : added_) special_[static_cast<size_t>(token.id)] = token.special;
  decoder_input_ = tokens_;
  for (const AddedToken& token : added_) {
    std::string storage;
    if (token.normalized) {
      decoder_input_[static_cast<size_t>(token.id)] = normalizer_.apply(token.content, storage);
    }
  }
  if (!decoder_.is_byte_level()) return;
  for (std::string& token : decoder_input_) token = printable_to_bytes(token).value_or(token);
}

void BpeTokenizer::set_special_ids() {
  const auto id_of = [&](const std::optional<std::string>& token, const char* key) {
    if (!token) return std::optional<int32_t>();
    const auto id = token_to_id(*token);
    check_input(id.has_value(), "{}: {} \"{}\" is not in the vocabulary", file_, key, *token);
    return id;
  };
  bos_ = id_of(config_.bos, "bos_token");
  eos_ = id_of(config_.eos, "eos_token");
  pad_ = id_of(config_.pad, "pad_token");
  unk_ = id_of(config_.unk, "unk_token");
  if (!unk_ && model_->unk_id() != StringTable::kNone) unk_ = model_->unk_id();
  if (!config_.overrides_template()) return;
  post_processor_ = PostProcessor();
  if (config_.add_bos.value_or(true)) {
    check_input(bos_.has_value(), "{}: add_bos_token without a bos_token", file_);
    post_processor_.prefix.push_back(*bos_);
  }
  if (config_.add_eos.value_or(false)) {
    check_input(eos_.has_value(), "{}: add_eos_token without an eos_token", file_);
    post_processor_.suffix.push_back(*eos_);
  }
}

std::vector<int32_t> BpeTokenizer::encode(std::string_view text, bool add_special_tokens) const {
  const size_t invalid = first_invalid_utf8(text);
  check_input(invalid == std::string_view::npos, "text to encode: byte {} is not UTF-8", invalid);
  std::vector<int32_t> ids;
  if (add_special_tokens) ids = post_processor_.prefix;
  ids.reserve(ids.size() + text.size() / 3);
  std::vector<AddedTokenMatcher::Section> sections, inner;
  raw_matcher_.split(text, sections);
  for (const auto& section : sections) {
    if (section.id >= 0) {
      ids.push_back(section.id);
      continue;
    }
    std::string storage;
    const std::string_view normalized =
        normalizer_.apply(text.substr(section.begin, section.end - section.begin), storage);
    inner.clear();
    normalized_matcher_.split(normalized, inner);
    for (const auto& part : inner) {
      if (part.id >= 0) {
        ids.push_back(part.id);
      } else {
        encode_section(normalized.substr(part.begin, part.end - part.begin),
                       section.begin == 0 && part.begin == 0, ids);
      }
    }
  }
  if (add_special_tokens) {
    ids.insert(ids.end(), post_processor_.suffix.begin(), post_processor_.suffix.end());
  }
  return ids;
}

void BpeTokenizer::encode_section(std::string_view text, bool at_start,
                                  std::vector<int32_t>& ids) const {
  Pieces pieces;
  pieces.views = {text};
  pieces.at_text_start = at_start;
  pre_tokenizer_.apply(pieces);
  for (std::string_view piece : pieces.views) model_->encode(piece, ids);
}

size_t BpeTokenizer::index_of(int32_t id) const {
  const auto index = static_cast<size_t>(id);
  check_input(id >= 0 && index < tokens_.size() && used_[index],
              "{}: there is no token with id {}; ids are below {}", file_, id, tokens_.size());
  return index;
}

bool BpeTokenizer::has_text(int32_t id, bool skip_special_tokens) const {
  const auto index = static_cast<size_t>(id);
  check_input(id >= 0 && index < tokens_.size(),
              "{}: there is no token with id {}; ids are below {}", file_, id, tokens_.size());
  return used_[index] && !(skip_special_tokens && special_[index]);
}

std::string BpeTokenizer::decode(std::span<const int32_t> ids, bool skip_special_tokens) const {
  if (decoder_.is_byte_level()) {
    std::string bytes;
    for (int32_t id : ids) {
      if (has_text(id, skip_special_tokens)) bytes += decoder_input_[static_cast<size_t>(id)];
    }
    if (first_invalid_utf8(bytes) == std::string::npos) return bytes;
    return sanitize_utf8(bytes);
  }
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (int32_t id : ids) {
    if (has_text(id, skip_special_tokens)) {
      tokens.push_back(decoder_input_[static_cast<size_t>(id)]);
    }
  }
  return decoder_.decode(std::move(tokens));
}

std::optional<int32_t> BpeTokenizer::token_to_id(std::string_view token) const {
  const auto added = added_ids_.find(std::string(token));
  if (added != added_ids_.end()) return added->second;
  const int32_t id = model_->find(token);
  return id == StringTable::kNone ? std::nullopt : std::optional<int32_t>(id);
}

std::string BpeTokenizer::id_to_token(int32_t id) const { return tokens_[index_of(id)]; }

bool BpeTokenizer::is_special(int32_t id) const {
  return id >= 0 && static_cast<size_t>(id) < special_.size() && special_[static_cast<size_t>(id)];
}

bool BpeTokenizer::may_change(std::span<const int32_t> ids, bool skip_special_tokens) const {
  std::string tail;  // the last bytes: four tell whether a character is cut
  for (size_t i = ids.size(); i > 0 && tail.size() < 4; --i) {
    if (!has_text(ids[i - 1], skip_special_tokens)) continue;
    const auto index = static_cast<size_t>(ids[i - 1]);
    if (!decoder_.is_byte_level()) return decoder_.may_change(fallback_byte(tokens_[index]) >= 0);
    tail.insert(0, decoder_input_[index]);
  }
  return decoder_.is_byte_level() ? utf8_complete_prefix(tail) < tail.size()
                                  : decoder_.may_change(false);
}

void BpeTokenizer::save(const std::filesystem::path& directory) const {
  std::filesystem::create_directories(directory);
  write_atomically(directory / "tokenizer.json", json_);
  config_.save(directory);
}

}  // namespace grpo::policy
