#include "base/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"

namespace grpo {
namespace {

constexpr std::size_t kMaxDepth = 64;

/// Builds the tree from yaml-cpp's events: its own nodes no longer know of duplicate keys, of
/// quotes or of where an alias stood.
class TreeBuilder : public YAML::EventHandler {
 public:
  /// Marks count from the start of the text; an override has one place only.
  TreeBuilder(std::string name, bool with_position)
      : name_(std::move(name)), with_position_(with_position) {}

  YamlNode take() { return std::move(root_); }
  std::string where(const YAML::Mark& mark) const {
    if (!with_position_ || mark.is_null()) return name_;
    return fmt::format("{}:{}:{}", name_, mark.line + 1, mark.column + 1);
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    check_input(++documents_ == 1, "{}: a second document; one is allowed", where(mark));
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto null = node(YamlNode::Kind::null, mark, "", anchor);
    // yaml-cpp has seen that nothing stands there only when it has come to the next line.
    if (!open_.empty() && open_.back().has_key) null.where = open_.back().key_where;
    add(std::move(null), mark);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    check_input(false, "{}: aliases (*name) are not supported; write the value out", where(mark));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto scalar = node(YamlNode::Kind::scalar, mark, tag, anchor);
    scalar.scalar = value;
    scalar.quoted = tag == "!";  // yaml-cpp's mark of a quoted or block scalar
    add(std::move(scalar), mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node(YamlNode::Kind::list, mark, tag, anchor), mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node(YamlNode::Kind::map, mark, tag, anchor), mark);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    std::string key, key_where;
    bool has_key = false;
  };

  YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor) const {
    check_input(anchor == YAML::NullAnchor,
                "{}: anchors (&name) are not supported; write the value out", where(mark));
    check_input(tag.empty() || tag == "?" || tag == "!", "{}: tags are not supported, got {}",
                where(mark), tag);
    YamlNode made;
    made.kind = kind;
    made.where = where(mark);
    return made;
  }

  void open(YamlNode node, const YAML::Mark& mark) {
    check_input(open_.size() < kMaxDepth, "{}: nested deeper than {} levels", where(mark),
                kMaxDepth);
    if (!open_.empty()) check_not_key(mark);
    open_.push_back({std::move(node), {}, {}});
  }
  void close() {
    YamlNode done = std::move(open_.back().node);
    open_.pop_back();
    attach(std::move(done));
  }

  void check_not_key(const YAML::Mark& mark) const {
    const Open& parent = open_.back();
    check_input(parent.node.kind != YamlNode::Kind::map || parent.has_key,
                "{}: expected a key, which is a plain word", where(mark));
  }

  void add(YamlNode node, const YAML::Mark& mark) {
    if (open_.empty() || open_.back().node.kind == YamlNode::Kind::list || open_.back().has_key) {
      return attach(std::move(node));
    }
    Open& parent = open_.back();
    if (node.kind != YamlNode::Kind::scalar) check_not_key(mark);
    check_input(node.quoted || node.scalar != "<<",
                "{}: merge keys (<<) are not supported; write the keys out", node.where);
    const auto& entries = parent.node.entries;
    const auto same = std::find_if(entries.begin(), entries.end(),
                                   [&](const auto& entry) { return entry.key == node.scalar; });
    if (same != entries.end()) {
      check_input(false, "{}: {}: duplicate key; first at {}", node.where, path_of(node.scalar),
                  same->where);
    }
    parent.key = node.scalar;
    parent.key_where = node.where;
    parent.has_key = true;
  }

  void attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    parent.node.entries.push_back(
        {std::move(parent.key), std::move(parent.key_where), std::move(node)});
    parent.has_key = false;
  }

  std::string path_of(const std::string& key) const {
    std::string path;
    for (const Open& level : open_) {
      if (level.has_key) path += level.key + '.';
      if (level.node.kind == YamlNode::Kind::list) {
        path += fmt::format("{}.", level.node.items.size());
      }
    }
    return path + key;
  }

  std::string name_;
  bool with_position_;
  int documents_ = 0;
  std::vector<Open> open_;
  YamlNode root_;
};

void refuse_tab_indentation(std::string_view text, const std::string& name) {
  std::size_t line = 1, begin = 0;
  while (begin < text.size()) {
    const auto first = std::min(text.find_first_not_of(' ', begin), text.size());
    check_input(first == text.size() || text[first] != '\t',
                "{}:{}:{}: a tab in the indentation; use spaces", name, line, first - begin + 1);
    const auto newline = text.find('\n', begin);
    if (newline == std::string_view::npos) return;
    begin = newline + 1;
    ++line;
  }
}

YamlNode parse(std::string_view text, const std::string& name, bool with_position) {
  check_input(is_valid_utf8(text), "{}: not valid UTF-8", name);
  TreeBuilder builder(name, with_position);
  std::istringstream stream{std::string(text)};
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    throw Error(fmt::format("{}: {}", builder.where(error.mark), error.msg), 2);
  }
  return builder.take();
}

void merge(YamlNode& target, YamlNode value) {
  if (target.kind != YamlNode::Kind::map || value.kind != YamlNode::Kind::map) {
    target = std::move(value);
    return;
  }
  for (auto& entry : value.entries) {
    if (YamlNode* old = target.find(entry.key)) {
      merge(*old, std::move(entry.value));
    } else {
      target.entries.push_back(std::move(entry));
    }
  }
}

bool is_index(std::string_view text) {
  return !text.empty() && text.size() <= 9 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

YamlNode* YamlNode::find(std::string_view key) {
  return const_cast<YamlNode*>(std::as_const(*this).find(key));
}

YamlNode parse_yaml(std::string_view text, const std::string& name) {
  refuse_tab_indentation(text, name);
  return parse(text, name, /*with_position=*/true);
}

void apply_override(YamlNode& root, std::string_view assignment) {
  const std::string where = fmt::format("--set {}", assignment);
  const auto equals = assignment.find('=');
  check_input(equals != std::string_view::npos && equals > 0, "{}: expected key=value", where);
  const std::string path(assignment.substr(0, equals));
  YamlNode value = parse(assignment.substr(equals + 1), where, /*with_position=*/false);
  value.where = where;

  YamlNode* node = &root;
  std::istringstream words(path + '.');
  for (std::string word; std::getline(words, word, '.');) {
    check_input(!word.empty(), "{}: {}: empty word in the key", where, path);
    if (node->kind == YamlNode::Kind::null) {
      node->kind = YamlNode::Kind::map;
      node->where = where;
    }
    if (node->kind == YamlNode::Kind::list) {
      const bool is_item = is_index(word) && std::stoul(word) < node->items.size();
      check_input(is_item, "{}: {}: expected an index below {} in place of {}", where, path,
                  node->items.size(), word);
      node = &node->items[std::stoul(word)];
      continue;
    }
    check_input(node->kind == YamlNode::Kind::map, "{}: {}: {} stands below a plain value", where,
                path, word);
    if (YamlNode* child = node->find(word)) {
      node = child;
    } else {
      node->entries.push_back({word, where, {}});
      node = &node->entries.back().value;
      node->where = where;
    }
  }
  merge(*node, std::move(value));
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto distance = [&](std::string_view other) {
    // Optimal string alignment; rows of the table for word[0..i).
    std::vector<std::size_t> before, last(other.size() + 1), row(other.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= word.size(); ++i) {
      row[0] = i;
      for (std::size_t j = 1; j <= other.size(); ++j) {
        const std::size_t change = word[i - 1] == other[j - 1] ? 0 : 1;
        row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + change});
        if (i > 1 && j > 1 && word[i - 1] == other[j - 2] && word[i - 2] == other[j - 1]) {
          row[j] = std::min(row[j], before[j - 2] + 1);
        }
      }
      before = last;
      last = row;
    }
    return last.back();
  };
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 3, 1) + 1;  // beyond: no likeness
  for (const auto candidate : candidates) {
    const std::size_t d = distance(candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

}  // namespace grpo
