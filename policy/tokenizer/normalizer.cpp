#include "policy/tokenizer/normalizer.h"

#include <tuple>

#include "policy/tokenizer/split_pattern.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

class UnicodeForm : public NormalizerStep {
 public:
  explicit UnicodeForm(NormalForm form) : form_(form) {}
  void apply(std::string& text) const override { text = normalize_utf8(text, form_); }
  bool keeps(std::string_view text) const override { return is_ascii(text); }

 private:
  NormalForm form_;
};

class Prepend : public NormalizerStep {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(std::string& text) const override { text.insert(0, prefix_); }
  bool keeps(std::string_view text) const override { return text.empty(); }

 private:
  std::string prefix_;
};

class Replace : public NormalizerStep {
 public:
  Replace(SplitPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(std::string& text) const override {
    std::string out;
    size_t at = 0;
    for (auto [begin, end] = pattern_.find(text, 0); begin != std::string::npos;
         std::tie(begin, end) = pattern_.find(text, at)) {
      out.append(text, at, begin - at);
      out += content_;
      at = end;
    }
    out.append(text, at);
    text = std::move(out);
  }
  bool keeps(std::string_view text) const override {
    return pattern_.find(text, 0).first == std::string_view::npos;
  }

 private:
  SplitPattern pattern_;
  std::string content_;
};

class Strip : public NormalizerStep {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void apply(std::string& text) const override {
    const auto blank = [&](size_t at) {
      return (char_classes()[char_at(text, at).value] & kSpace) != 0;
    };
    size_t begin = 0, end = text.size();
    while (left_ && begin < end && blank(begin)) begin += char_at(text, begin).size;
    while (right_ && end > begin && blank(end - last_char_size(text, end))) {
      end -= last_char_size(text, end);
    }
    text = text.substr(begin, end - begin);
  }
  bool keeps(std::string_view text) const override { return text.empty(); }

 private:
  bool left_, right_;
};

}  // namespace

Normalizer::Normalizer(const JsonNode& node) { add(node); }

void Normalizer::add(const JsonNode& node) {
  const std::string type = node.string("type");
  const auto form = [&](NormalForm wanted) {
    node.allow_keys({"type"});
    steps_.push_back(std::make_unique<UnicodeForm>(wanted));
  };
  if (type == "Sequence") {
    node.allow_keys({"type", "normalizers"});
    for (const JsonNode& step : node.at("normalizers").items()) add(step);
  } else if (type == "NFC") {
    form(NormalForm::kNfc);
  } else if (type == "NFD") {
    form(NormalForm::kNfd);
  } else if (type == "NFKC") {
    form(NormalForm::kNfkc);
  } else if (type == "NFKD") {
    form(NormalForm::kNfkd);
  } else if (type == "Prepend") {
    node.allow_keys({"type", "prepend"});
    steps_.push_back(std::make_unique<Prepend>(node.string("prepend")));
  } else if (type == "Replace") {
    node.allow_keys({"type", "pattern", "content"});
    steps_.push_back(std::make_unique<Replace>(SplitPattern::from_json(node.at("pattern")),
                                               node.string("content")));
  } else if (type == "Strip") {
    node.allow_keys({"type", "strip_left", "strip_right"});
    steps_.push_back(std::make_unique<Strip>(node.boolean("strip_left", true),
                                             node.boolean("strip_right", true)));
  } else {
    node.fail("normalizer \"{}\" is not supported", type);
  }
}

std::string_view Normalizer::apply(std::string_view text, std::string& storage) const {
  bool stored = false;
  for (const auto& step : steps_) {
    if (step->keeps(stored ? std::string_view(storage) : text)) continue;
    if (!stored) storage = text;
    stored = true;
    step->apply(storage);
  }
  return stored ? std::string_view(storage) : text;
}

}  // namespace grpo::policy
