#include "policy/tokenizer/pre_tokenizer.h"

#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

class Split : public PreTokenizerStep {
 public:
  Split(SplitPattern pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Pieces& pieces) const override {
    std::vector<std::string_view> parts;
    parts.reserve(pieces.views.size());
    for (std::string_view view : pieces.views) pattern_.split(view, behavior_, invert_, parts);
    pieces.views = std::move(parts);
  }

 private:
  SplitPattern pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

/// GPT-2's step: optional blank in front, optional split. Bytes stay bytes here: the model's
/// vocabulary is kept as raw bytes.
class ByteLevel : public PreTokenizerStep {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space),
        use_regex_(use_regex),
        pattern_(SplitPattern::from_regex(std::string(kGpt2Pattern))) {}

  void apply(Pieces& pieces) const override {
    if (add_prefix_space_) {
      for (std::string_view& view : pieces.views) {
        if (view.starts_with(' ')) continue;
        view = pieces.owned.emplace_back(" " + std::string(view));
      }
    }
    if (!use_regex_) return;
    std::vector<std::string_view> parts;
    for (std::string_view view : pieces.views) {
      pattern_.split(view, SplitBehavior::kIsolated, /*invert=*/false, parts);
    }
    pieces.views = std::move(parts);
  }

 private:
  bool add_prefix_space_;
  bool use_regex_;
  SplitPattern pattern_;
};

class Metaspace : public PreTokenizerStep {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)),
        scheme_(scheme),
        split_(split),
        pattern_(SplitPattern::from_string(replacement_)) {}

  void apply(Pieces& pieces) const override {
    std::vector<std::string_view> parts;
    for (size_t i = 0; i < pieces.views.size(); ++i) {
      std::string text;
      for (char c : pieces.views[i]) {
        if (c == ' ') {
          text += replacement_;
        } else {
          text += c;
        }
      }
      const bool prepend = scheme_ == PrependScheme::kAlways ||
                           (scheme_ == PrependScheme::kFirst && pieces.at_text_start && i == 0);
      if (prepend && !text.starts_with(replacement_)) text.insert(0, replacement_);
      const std::string& kept = pieces.owned.emplace_back(std::move(text));
      if (split_) {
        pattern_.split(kept, SplitBehavior::kMergedWithNext, /*invert=*/false, parts);
      } else {
        parts.push_back(kept);
      }
    }
    pieces.views = std::move(parts);
  }

 private:
  std::string replacement_;
  PrependScheme scheme_;
  bool split_;
  SplitPattern pattern_;
};

/// Rust's \w, which tokenizers use for this step, written out for PCRE2.
constexpr const char* kWhitespacePattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\s]+)";

}  // namespace

PrependScheme prepend_scheme(const JsonNode& node) {
  if (!node.has("prepend_scheme")) {
    return node.boolean("add_prefix_space", true) ? PrependScheme::kAlways : PrependScheme::kNever;
  }
  const std::string name = node.string("prepend_scheme");
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  node.at("prepend_scheme").fail("unknown scheme \"{}\"", name);
}

PreTokenizer::PreTokenizer(const JsonNode& node) { add(node); }

void PreTokenizer::add(const JsonNode& node) {
  const std::string type = node.string("type");
  if (byte_level_) node.fail("{} after ByteLevel is not supported", type);
  if (type == "Sequence") {
    node.allow_keys({"type", "pretokenizers"});
    for (const JsonNode& step : node.at("pretokenizers").items()) add(step);
  } else if (type == "Split") {
    node.allow_keys({"type", "pattern", "behavior", "invert"});
    steps_.push_back(std::make_unique<Split>(SplitPattern::from_json(node.at("pattern")),
                                             split_behavior(node.at("behavior")),
                                             node.boolean("invert", false)));
  } else if (type == "Digits") {
    node.allow_keys({"type", "individual_digits"});
    const bool individual = node.boolean("individual_digits", false);
    steps_.push_back(std::make_unique<Split>(
        SplitPattern::from_class(kNumber),
        individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous, /*invert=*/false));
  } else if (type == "ByteLevel") {
    node.allow_keys({"type", "add_prefix_space", "trim_offsets", "use_regex"});
    steps_.push_back(std::make_unique<ByteLevel>(node.boolean("add_prefix_space", true),
                                                 node.boolean("use_regex", true)));
    byte_level_ = true;
  } else if (type == "Whitespace") {
    node.allow_keys({"type"});
    steps_.push_back(std::make_unique<Split>(SplitPattern::from_regex(kWhitespacePattern),
                                             SplitBehavior::kRemoved, /*invert=*/true));
  } else if (type == "WhitespaceSplit") {
    node.allow_keys({"type"});
    steps_.push_back(std::make_unique<Split>(SplitPattern::from_class(kSpace),
                                             SplitBehavior::kRemoved, /*invert=*/false));
  } else if (type == "Punctuation") {
    node.allow_keys({"type", "behavior"});
    // Rust's is_ascii_punctuation counts the symbols $+<=>^`|~ in.
    steps_.push_back(std::make_unique<Split>(
        SplitPattern::from_class(kPunct, /*ascii_mask=*/kPunct | kSymbol),
        node.has("behavior") ? split_behavior(node.at("behavior")) : SplitBehavior::kIsolated,
        /*invert=*/false));
  } else if (type == "Metaspace") {
    node.allow_keys(
        {"type", "replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"});
    steps_.push_back(std::make_unique<Metaspace>(node.string("replacement"), prepend_scheme(node),
                                                 node.boolean("split", true)));
  } else {
    node.fail("pre-tokenizer \"{}\" is not supported", type);
  }
}

void PreTokenizer::apply(Pieces& pieces) const {
  for (const auto& step : steps_) step->apply(pieces);
}

}  // namespace grpo::policy
