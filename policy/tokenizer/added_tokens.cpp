#include "policy/tokenizer/added_tokens.h"

#include <algorithm>

#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

bool has_class_before(std::string_view text, size_t at, uint8_t mask) {
  if (at == 0) return false;
  return char_classes()[char_at(text, at - last_char_size(text, at)).value] & mask;
}

bool has_class_at(std::string_view text, size_t at, uint8_t mask) {
  return at < text.size() && (char_classes()[char_at(text, at).value] & mask);
}

}  // namespace

AddedToken read_added_token(const JsonNode& node, int32_t id) {
  node.allow_keys(
      {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special", "__type"});
  AddedToken token;
  token.id = id;
  token.content = node.string("content");
  if (token.content.empty()) node.at("content").fail("an added token cannot be empty");
  token.single_word = node.boolean("single_word", false);
  token.lstrip = node.boolean("lstrip", false);
  token.rstrip = node.boolean("rstrip", false);
  token.special = node.boolean("special", false);
  token.normalized = node.boolean("normalized", !token.special);
  return token;
}

AddedTokenMatcher::AddedTokenMatcher(const std::vector<AddedToken>& tokens,
                                     const Normalizer* normalizer) {
  for (const AddedToken& token : tokens) {
    std::string storage;
    const std::string text(normalizer ? normalizer->apply(token.content, storage)
                                      : std::string_view(token.content));
    if (!text.empty()) tokens_.push_back({text, token});
  }
  const auto byte = [](const Pattern& p) { return static_cast<unsigned char>(p.text[0]); };
  std::stable_sort(tokens_.begin(), tokens_.end(), [&](const Pattern& a, const Pattern& b) {
    if (byte(a) != byte(b)) return byte(a) < byte(b);
    return a.text.size() > b.text.size();
  });
  for (const Pattern& pattern : tokens_) ++first_of_[byte(pattern) + 1u];
  for (size_t b = 0; b < 256; ++b) first_of_[b + 1] += first_of_[b];
}

const AddedToken* AddedTokenMatcher::longest_at(std::string_view text, size_t at,
                                                size_t* size) const {
  const auto byte = static_cast<unsigned char>(text[at]);
  for (uint32_t i = first_of_[byte]; i < first_of_[byte + 1u]; ++i) {
    if (text.substr(at).starts_with(tokens_[i].text)) {
      *size = tokens_[i].text.size();
      return &tokens_[i].token;
    }
  }
  return nullptr;
}

void AddedTokenMatcher::split(std::string_view text, std::vector<Section>& sections) const {
  size_t done = 0;
  for (size_t at = 0; !tokens_.empty() && at < text.size();) {
    size_t size = 0;
    const AddedToken* token = longest_at(text, at, &size);
    if (!token) {
      ++at;
      continue;
    }
    size_t begin = at, end = at + size;
    at = end;
    if (token->single_word &&
        (has_class_before(text, begin, kWord) || has_class_at(text, end, kWord))) {
      continue;
    }
    while (token->lstrip && begin > done && has_class_before(text, begin, kSpace)) {
      begin -= last_char_size(text, begin);
    }
    while (token->rstrip && has_class_at(text, end, kSpace)) end += char_at(text, end).size;
    if (begin > done) sections.push_back({done, begin, -1});
    sections.push_back({begin, end, token->id});
    done = end;
  }
  if (done < text.size()) sections.push_back({done, text.size(), -1});
}

}  // namespace grpo::policy
