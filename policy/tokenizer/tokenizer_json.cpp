#include "policy/tokenizer/tokenizer_json.h"

#include <algorithm>

#include "base/error.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/pretokenize.h"

namespace grpo::policy {
namespace {

using OrderedJson = nlohmann::ordered_json;

OrderedJson byte_level(bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", false},
          {"trim_offsets", false},
          {"use_regex", use_regex}};
}

OrderedJson split(std::string_view pattern) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", pattern}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

OrderedJson pre_tokenizer(SplitScheme scheme) {
  OrderedJson steps = OrderedJson::array();
  switch (scheme) {
    case SplitScheme::kGpt2:
      return byte_level(/*use_regex=*/true);
    case SplitScheme::kSmollm:
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
      steps.push_back(byte_level(/*use_regex=*/true));
      return {{"type", "Sequence"}, {"pretokenizers", steps}};
    case SplitScheme::kQwen2:
      steps.push_back(split(kQwen2Pattern));
      break;
    case SplitScheme::kLlama3:
      steps.push_back(split(kLlama3Pattern));
      break;
    case SplitScheme::kDeepSeekLlm:
      for (const auto pattern : {kLineBreak, kDeepSeekLlmLetters, kDeepSeekLlmPunctuation,
                                 kTrailingBlanks, kDeepSeekLlmCjk}) {
        steps.push_back(split(pattern));
      }
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
      break;
    case SplitScheme::kDeepSeekCoder:
      for (const auto pattern : {kLineBreak, kLetters, kPunctuation, kDeepSeekLlmCjk}) {
        steps.push_back(split(pattern));
      }
      steps.push_back({{"type", "Digits"}, {"individual_digits", true}});
      break;
    case SplitScheme::kDeepSeekV3:
      steps.push_back(split(kDeepSeekNumbers));
      steps.push_back(split(kDeepSeekCjk));
      steps.push_back(split(kDeepSeekPattern));
      break;
  }
  steps.push_back(byte_level(/*use_regex=*/false));
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

OrderedJson normalizer(SplitScheme scheme) {
  if (scheme == SplitScheme::kQwen2) return {{"type", "NFC"}};
  return nullptr;
}

OrderedJson added_token(const AddedToken& token) {
  return {{"id", token.id},          {"content", token.content}, {"single_word", token.single_word},
          {"lstrip", token.lstrip},  {"rstrip", token.rstrip},   {"normalized", token.normalized},
          {"special", token.special}};
}

OrderedJson post_processor(const BpeParts& parts) {
  if (parts.prefix.empty() && parts.suffix.empty()) return byte_level(/*use_regex=*/false);
  OrderedJson special = OrderedJson::object();
  const auto around = [&](OrderedJson& sequence, const std::vector<int32_t>& ids) {
    for (int32_t id : ids) {
      const auto token = std::find_if(parts.added_tokens.begin(), parts.added_tokens.end(),
                                      [&](const AddedToken& added) { return added.id == id; });
      check_input(token != parts.added_tokens.end(), "id {}, bos or eos, is no special token", id);
      sequence.push_back({{"SpecialToken", {{"id", token->content}, {"type_id", 0}}}});
      special[token->content] = {
          {"id", token->content}, {"ids", {id}}, {"tokens", {token->content}}};
    }
  };
  OrderedJson single = OrderedJson::array(), pair = OrderedJson::array();
  around(single, parts.prefix);
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  around(single, parts.suffix);
  pair = single;
  pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
  const OrderedJson ids_around = {{"type", "TemplateProcessing"},
                                  {"single", single},
                                  {"pair", pair},
                                  {"special_tokens", special}};
  return {{"type", "Sequence"},
          {"processors", OrderedJson::array({byte_level(/*use_regex=*/false), ids_around})}};
}

/// A step as far as ids depend on it: defaults written out, offsets left out, line breaks of a
/// pattern as escapes.
OrderedJson plain_step(const nlohmann::json& step) {
  OrderedJson plain = step;
  const std::string type = plain.value("type", "");
  plain.erase("trim_offsets");
  if (type == "ByteLevel") {
    plain = {{"type", type},
             {"add_prefix_space", step.value("add_prefix_space", true)},
             {"use_regex", step.value("use_regex", true)}};
  } else if (type == "Split" && step.contains("pattern") && step["pattern"].is_object()) {
    plain = {{"type", type},
             {"pattern", escape_line_breaks(step["pattern"].value("Regex", ""))},
             {"behavior", step.value("behavior", "")},
             {"invert", step.value("invert", false)}};
  }
  return plain;
}

std::vector<OrderedJson> plain_steps(const nlohmann::json& pre_tokenizer) {
  if (!pre_tokenizer.is_object()) return {};
  if (pre_tokenizer.value("type", "") != "Sequence") return {plain_step(pre_tokenizer)};
  std::vector<OrderedJson> steps;
  for (const auto& step : pre_tokenizer.value("pretokenizers", nlohmann::json::array())) {
    steps.push_back(plain_step(step));
  }
  return steps;
}

AddedToken plain_added_token(int32_t id, const std::string& content, bool special) {
  AddedToken token;
  token.id = id;
  token.content = content;
  token.special = special;
  return token;
}

}  // namespace

std::optional<SplitScheme> find_split_scheme(const nlohmann::json& root) {
  using enum SplitScheme;
  const auto part = [&](const char* key) { return root.value(key, nlohmann::json()); };
  const auto steps = plain_steps(part("pre_tokenizer"));
  for (const SplitScheme scheme :
       {kGpt2, kSmollm, kQwen2, kLlama3, kDeepSeekLlm, kDeepSeekCoder, kDeepSeekV3}) {
    if (steps != plain_steps(nlohmann::json(pre_tokenizer(scheme)))) continue;
    if (part("normalizer") != nlohmann::json(normalizer(scheme))) continue;
    return scheme;
  }
  return std::nullopt;
}

std::string make_tokenizer_json(const BpeParts& parts) {
  OrderedJson added = OrderedJson::array();
  // In the vocabulary too: `tokenizers` gives an added token that is not there an id of its own.
  nlohmann::json vocab = parts.vocab;
  for (const AddedToken& token : parts.added_tokens) {
    added.push_back(added_token(token));
    vocab.emplace(token.content, token.id);
  }
  OrderedJson root = {{"version", "1.0"},
                      {"truncation", nullptr},
                      {"padding", nullptr},
                      {"added_tokens", added},
                      {"normalizer", normalizer(parts.scheme)},
                      {"pre_tokenizer", pre_tokenizer(parts.scheme)},
                      {"post_processor", post_processor(parts)},
                      {"decoder", byte_level(/*use_regex=*/false)}};
  root["model"] = {{"type", "BPE"},
                   {"dropout", nullptr},
                   {"unk_token", nullptr},
                   {"continuing_subword_prefix", nullptr},
                   {"end_of_word_suffix", nullptr},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", parts.ignore_merges},
                   {"vocab", std::move(vocab)},
                   {"merges", parts.merges}};
  return root.dump(1) + "\n";
}

std::unique_ptr<Tokenizer> build_byte_level_tokenizer(const ByteLevelVocab& vocab) {
  BpeParts parts;
  parts.scheme = vocab.scheme;
  parts.ignore_merges = vocab.whole_pieces;
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    const bool fresh = parts.vocab.emplace(bytes_to_printable(vocab.tokens[id]), id).second;
    check(fresh && !vocab.tokens[id].empty(),
          "vocabulary: token {}, \"{}\", is given twice or empty", id, vocab.tokens[id]);
  }
  for (const auto& [left, right] : vocab.merges) {
    parts.merges.push_back({bytes_to_printable(left), bytes_to_printable(right)});
  }
  auto next = static_cast<int32_t>(vocab.tokens.size());
  for (const std::string& token : vocab.special_tokens) {
    parts.added_tokens.push_back(plain_added_token(next++, token, /*special=*/true));
  }
  for (const std::string& token : vocab.marker_tokens) {
    parts.added_tokens.push_back(plain_added_token(next++, token, /*special=*/false));
  }
  TokenizerConfig config;
  if (!vocab.bos.empty()) config.bos = vocab.bos;
  if (!vocab.eos.empty()) config.eos = vocab.eos;
  if (!vocab.pad.empty()) config.pad = vocab.pad;
  return std::make_unique<BpeTokenizer>(make_tokenizer_json(parts), "built vocabulary",
                                        std::move(config));
}

}  // namespace grpo::policy
