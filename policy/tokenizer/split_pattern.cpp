#include "policy/tokenizer/split_pattern.h"

#include <algorithm>

#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

struct Part {
  size_t begin, end;
  bool match;
};

/// Joins each part that `joins` (given it and the part before it) into the part before.
template <class Joins>
void append_joined(std::string_view text, const std::vector<Part>& parts, Joins joins,
                   std::vector<std::string_view>& out) {
  size_t begin = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i == 0 || !joins(parts[i - 1], parts[i])) begin = parts[i].begin;
    const bool last = i + 1 == parts.size() || !joins(parts[i], parts[i + 1]);
    if (last) out.push_back(text.substr(begin, parts[i].end - begin));
  }
}

}  // namespace

SplitBehavior split_behavior(const JsonNode& node) {
  const std::string name = node.string();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  node.fail("unknown split behavior \"{}\"", name);
}

SplitPattern SplitPattern::from_json(const JsonNode& node) {
  node.allow_keys({"String", "Regex"});
  if (node.has("String")) return from_string(node.string("String"));
  const std::string pattern = node.string("Regex");
  try {
    return from_regex(pattern);
  } catch (const Error& error) {
    node.fail("{}", error.what());
  }
}

SplitPattern SplitPattern::from_regex(std::string pattern) {
  SplitPattern result;
  result.scanner_ = find_scanner(pattern);
  if (!result.scanner_) result.regex_ = std::make_unique<Regex>(std::move(pattern));
  return result;
}

SplitPattern SplitPattern::from_string(std::string literal) {
  SplitPattern result;
  result.literal_ = std::move(literal);
  return result;
}

SplitPattern SplitPattern::from_class(uint8_t mask, uint8_t ascii_mask) {
  SplitPattern result;
  result.mask_ = mask;
  result.ascii_mask_ = ascii_mask;
  return result;
}

std::pair<size_t, size_t> SplitPattern::find(std::string_view text, size_t from) const {
  constexpr size_t kNone = std::string_view::npos;
  if (scanner_) {
    for (size_t at = from; at < text.size(); at += char_at(text, at).size) {
      const size_t end = scanner_(text, at);
      if (end > at) return {at, end};
    }
    return {kNone, kNone};
  }
  if (regex_) return regex_->find(text, from).value_or(std::pair{kNone, kNone});
  if (mask_) {
    for (size_t at = from; at < text.size();) {
      const Character c = char_at(text, at);
      const uint8_t mask = c.value < 0x80 ? ascii_mask_ : mask_;
      if (char_classes()[c.value] & mask) return {at, at + c.size};
      at += c.size;
    }
    return {kNone, kNone};
  }
  const size_t begin = literal_.empty() ? kNone : text.find(literal_, from);
  return {begin, begin == kNone ? kNone : begin + literal_.size()};
}

void SplitPattern::split(std::string_view text, SplitBehavior behavior, bool invert,
                         std::vector<std::string_view>& out) const {
  if (behavior == SplitBehavior::kIsolated) {  // matches and gaps alike: no list of parts
    for (size_t at = 0; at < text.size();) {
      auto [begin, end] = find(text, at);
      if (begin == std::string_view::npos) begin = end = text.size();
      if (begin > at) out.push_back(text.substr(at, begin - at));
      if (end > begin) out.push_back(text.substr(begin, end - begin));
      at = end;
    }
    return;
  }
  std::vector<Part> parts;
  for (size_t at = 0; at < text.size();) {
    auto [begin, end] = find(text, at);
    if (begin == std::string_view::npos) begin = end = text.size();
    if (begin > at) parts.push_back({at, begin, invert});
    if (end > begin) parts.push_back({begin, end, !invert});
    at = end;
  }
  switch (behavior) {
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kRemoved:
      for (const Part& part : parts) {
        if (!part.match) out.push_back(text.substr(part.begin, part.end - part.begin));
      }
      break;
    case SplitBehavior::kMergedWithPrevious:
      append_joined(
          text, parts, [](const Part& a, const Part& b) { return !a.match && b.match; }, out);
      break;
    case SplitBehavior::kMergedWithNext:
      append_joined(
          text, parts, [](const Part& a, const Part& b) { return a.match && !b.match; }, out);
      break;
    case SplitBehavior::kContiguous:
      append_joined(
          text, parts, [](const Part& a, const Part& b) { return a.match == b.match; }, out);
      break;
  }
}

}  // namespace grpo::policy
