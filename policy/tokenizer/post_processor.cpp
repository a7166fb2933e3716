#include "policy/tokenizer/post_processor.h"

#include <limits>

namespace grpo::policy {
namespace {

void append_special(const JsonNode& special_tokens, const JsonNode& item,
                    std::vector<int32_t>& ids) {
  const JsonNode entry = special_tokens.at(item.string("id"));
  for (const JsonNode& id : entry.at("ids").items()) {
    const int64_t value = id.integer();
    if (value < 0 || value > std::numeric_limits<int32_t>::max()) id.fail("id out of range");
    ids.push_back(static_cast<int32_t>(value));
  }
}

}  // namespace

PostProcessor::PostProcessor(const JsonNode& node) {
  const std::string type = node.string("type");
  if (type == "ByteLevel") return;
  if (type == "Sequence") {
    node.allow_keys({"type", "processors"});
    for (const JsonNode& step : node.at("processors").items()) {
      const PostProcessor inner(step);
      prefix.insert(prefix.begin(), inner.prefix.begin(), inner.prefix.end());
      suffix.insert(suffix.end(), inner.suffix.begin(), inner.suffix.end());
    }
    return;
  }
  if (type != "TemplateProcessing") node.fail("post-processor \"{}\" is not supported", type);
  node.allow_keys({"type", "single", "pair", "special_tokens"});
  bool after_text = false;
  for (const JsonNode& item : node.at("single").items()) {
    if (item.has("SpecialToken")) {
      append_special(node.at("special_tokens"), item.at("SpecialToken"),
                     after_text ? suffix : prefix);
    } else {
      const JsonNode sequence = item.at("Sequence");
      if (after_text || sequence.string("id") != "A") {
        sequence.fail("a template for one text has sequence A once");
      }
      after_text = true;
    }
  }
  if (!after_text) node.at("single").fail("sequence A is missing");
}

}  // namespace grpo::policy
