#include "policy/tokenizer/token_decoder.h"

#include <tuple>

#include "base/utf8.h"
#include "policy/tokenizer/byte_level.h"
#include "policy/tokenizer/pre_tokenizer.h"
#include "policy/tokenizer/split_pattern.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

std::string join(const std::vector<std::string>& tokens) {
  std::string all;
  for (const std::string& token : tokens) all += token;
  return all;
}

class ByteLevelDecoder : public DecoderStep {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) bytes += printable_to_bytes(token).value_or(token);
    tokens = {sanitize_utf8(bytes)};
  }
};

class ReplaceDecoder : public DecoderStep {
 public:
  ReplaceDecoder(SplitPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string out;
      size_t done = 0;
      for (auto [begin, end] = pattern_.find(token, 0); begin != std::string::npos;
           std::tie(begin, end) = pattern_.find(token, done)) {
        out.append(token, done, begin - done);
        out += content_;
        done = end;
      }
      out.append(token, done);
      token = std::move(out);
    }
  }

 private:
  SplitPattern pattern_;
  std::string content_;
};

class ByteFallbackDecoder : public DecoderStep {
 public:
  void apply(std::vector<std::string>& tokens) const override {
    std::vector<std::string> out;
    std::string run;
    const auto flush = [&] {
      if (run.empty()) return;
      if (first_invalid_utf8(run) == std::string::npos) {
        out.push_back(run);
      } else {
        for (size_t i = 0; i < run.size(); ++i) out.emplace_back("\xEF\xBF\xBD");
      }
      run.clear();
    };
    for (std::string& token : tokens) {
      const int byte = fallback_byte(token);
      if (byte >= 0) {
        run += static_cast<char>(byte);
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
  }
};

class FuseDecoder : public DecoderStep {
 public:
  void apply(std::vector<std::string>& tokens) const override { tokens = {join(tokens)}; }
};

class StripDecoder : public DecoderStep {
 public:
  StripDecoder(std::string content, int64_t start, int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void apply(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (int64_t i = 0; i < stop_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  int64_t start_, stop_;
};

class MetaspaceDecoder : public DecoderStep {
 public:
  MetaspaceDecoder(std::string replacement, PrependScheme scheme)
      : replacement_(std::move(replacement)), scheme_(scheme) {}

  void apply(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      std::string out;
      const bool drop = i == 0 && scheme_ != PrependScheme::kNever;
      for (size_t at = 0; at < tokens[i].size();) {
        if (std::string_view(tokens[i]).substr(at).starts_with(replacement_)) {
          if (!drop) out += ' ';
          at += replacement_.size();
        } else {
          out += tokens[i][at++];
        }
      }
      tokens[i] = std::move(out);
    }
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
};

}  // namespace

int fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  int value = 0;
  for (char c : token.substr(3, 2)) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

TokenDecoder::TokenDecoder(const JsonNode& node) { add(node); }

void TokenDecoder::add(const JsonNode& node) {
  const std::string type = node.string("type");
  if (type == "Sequence") {
    node.allow_keys({"type", "decoders"});
    for (const JsonNode& step : node.at("decoders").items()) add(step);
    return;
  }
  // What joins the tokens, and works on the joined text, sees more than one token.
  if ((fused_ || byte_level_) && type != "Strip" && type != "Fuse") streams_ = false;
  if (type == "ByteLevel") {
    node.allow_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    if (!steps_.empty()) streams_ = false;
    steps_.push_back(std::make_unique<ByteLevelDecoder>());
    byte_level_ = true;
  } else if (type == "Replace") {
    node.allow_keys({"type", "pattern", "content"});
    steps_.push_back(std::make_unique<ReplaceDecoder>(SplitPattern::from_json(node.at("pattern")),
                                                      node.string("content")));
  } else if (type == "ByteFallback") {
    node.allow_keys({"type"});
    steps_.push_back(std::make_unique<ByteFallbackDecoder>());
    byte_fallback_ = true;
  } else if (type == "Fuse") {
    node.allow_keys({"type"});
    steps_.push_back(std::make_unique<FuseDecoder>());
    fused_ = true;
  } else if (type == "Strip") {
    node.allow_keys({"type", "content", "start", "stop"});
    const int64_t start = node.at("start").integer(), stop = node.at("stop").integer();
    const std::string content = node.string("content");
    if (content.empty() || start < 0 || stop < 0) node.fail("expected a character and counts");
    if (byte_level_ || (fused_ && stop > 0)) streams_ = false;
    steps_.push_back(std::make_unique<StripDecoder>(content, start, stop));
  } else if (type == "Metaspace") {
    node.allow_keys(
        {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
    const std::string replacement = node.string("replacement");
    if (replacement.empty()) node.at("replacement").fail("expected a character");
    steps_.push_back(std::make_unique<MetaspaceDecoder>(replacement, prepend_scheme(node)));
  } else {
    node.fail("decoder \"{}\" is not supported", type);
  }
}

std::string TokenDecoder::decode(std::vector<std::string> tokens) const {
  if (steps_.empty()) {
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) text += (i > 0 ? " " : "") + tokens[i];
    return text;
  }
  for (const auto& step : steps_) step->apply(tokens);
  return join(tokens);
}

}  // namespace grpo::policy
