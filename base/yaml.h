#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grpo {

/// The plain part of YAML that recipes use, as a tree in which each node knows where it was
/// written.
struct YamlNode {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string scalar;
  bool quoted = false;  // "1" is text, 1 is a number
  std::string where;    // "file:line:column", or "--set a.b=c"
  std::vector<YamlNode> items;
  struct Entry;
  std::vector<Entry> entries;  // in the order written, keys distinct

  const YamlNode* find(std::string_view key) const;
  YamlNode* find(std::string_view key);
};

struct YamlNode::Entry {
  std::string key;
  std::string where;
  YamlNode value;
};

/// Parses one document. Refused, as Error (exit code 2) with `name:line:column`: anything yaml-cpp
/// calls malformed, duplicate keys (which yaml-cpp accepts), anchors, aliases, merge keys, tags,
/// keys that are not plain words, a second document, invalid UTF-8, nesting beyond 64 levels, and a
/// line that begins with a tab, which YAML forbids as indentation and yaml-cpp takes for a space.
/// An empty text gives a null node.
YamlNode parse_yaml(std::string_view text, const std::string& name);

/// Applies `a.b.0.c=value` to the tree: value is YAML, numbers index lists, missing maps are made,
/// maps are merged, all else is replaced. Errors and the new nodes are placed at `--set
/// a.b.0.c=value`.
void apply_override(YamlNode& root, std::string_view assignment);

/// Block style, two spaces a level; lists of scalars in one line. Reads back to the same tree.
std::string print_yaml(const YamlNode& node);

/// The same in one line: lists as [a, b], maps as {key: value}.
std::string print_yaml_inline(const YamlNode& node);

/// Nearest of `candidates` by edit distance (with swaps of neighbours), "" when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace grpo
