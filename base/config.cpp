#include "base/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/file.h"

namespace grpo::config_detail {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kMaxRecipeBytes = std::size_t{1} << 22;

std::string join(const std::vector<std::string_view>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string got(const YamlNode& node) {
  switch (node.kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a section";
    case Kind::scalar:
      break;
  }
  return node.quoted ? fmt::format("the text \"{}\"", node.scalar) : node.scalar;
}

std::string hint(std::string_view word, const std::vector<std::string_view>& known) {
  const auto near = nearest(word, known);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near);
}

bool is_plain_scalar(const YamlNode& node) { return node.kind == Kind::scalar && !node.quoted; }

/// Bounds are shown as the reader would write them: 1, not 1.0.
std::string bound_text(double bound) {
  auto text = number_text(bound);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

}  // namespace

std::string range_text(const Constraint& range) {
  const bool bounded_above = !std::isinf(range.high);
  if (bounded_above) {
    return fmt::format("from {} to {}{}", bound_text(range.low),
                       range.high_is_allowed ? "" : "below ", bound_text(range.high));
  }
  return fmt::format("{} {}{}", range.low_is_allowed ? "at least" : "more than",
                     bound_text(range.low), range.high_is_allowed ? "" : ", finite");
}

void fail(const YamlNode& node, const Context& context, std::string_view what) {
  std::string message;
  for (const std::string& place : {node.where, context.path}) {
    if (!place.empty()) message += place + ": ";
  }
  throw Error(message.append(what), 2);
}

void parse_scalar(const YamlNode& node, const Context& context, bool& out) {
  const bool known = is_plain_scalar(node) && (node.scalar == "true" || node.scalar == "false");
  if (!known) fail(node, context, "expected true or false, got " + got(node));
  out = node.scalar == "true";
}

void parse_scalar(const YamlNode& node, const Context& context, int64_t& out) {
  const std::string& text = node.scalar;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, out);
  if (is_plain_scalar(node) && result.ec == std::errc::result_out_of_range && result.ptr == end) {
    fail(node, context, fmt::format("{} does not fit 64 bits", text));
  }
  if (!is_plain_scalar(node) || result.ec != std::errc() || result.ptr != end) {
    fail(node, context, "expected an integer, got " + got(node));
  }
}

void parse_scalar(const YamlNode& node, const Context& context, double& out) {
  const auto number = is_plain_scalar(node) ? parse_number(node.scalar) : std::nullopt;
  if (number) {
    out = *number;
  } else {
    fail(node, context, "expected a number, got " + got(node));
  }
}

void parse_scalar(const YamlNode& node, const Context& context, std::string& out) {
  if (node.kind != Kind::scalar) fail(node, context, "expected a text, got " + got(node));
  const std::string_view text = node.scalar;
  out.clear();
  for (std::size_t i = 0; i < text.size();) {
    const auto rest = text.substr(i);
    if (rest.starts_with("$${")) {
      out += "${";
      i += 3;
      continue;
    }
    if (!rest.starts_with("${")) {
      out += text[i++];
      continue;
    }
    const auto close = rest.find('}');
    if (close == std::string_view::npos)
      fail(node, context, "${ without }; write $${ for a plain ${");
    const std::string name(rest.substr(2, close - 2));
    if (name.starts_with("env:")) {
      const char* value = std::getenv(name.c_str() + 4);
      if (value == nullptr) {
        fail(node, context, fmt::format("environment variable {} is not set", name.substr(4)));
      }
      out += value;
    } else if (const auto found = context.variables.find(name); found != context.variables.end()) {
      out += found->second;
    } else {
      fail(node, context,
           fmt::format("unknown variable ${{{}}}; write $${{ for a plain ${{", name));
    }
    i += close + 1;
  }
}

std::size_t parse_choice(const YamlNode& node, const Context& context,
                         const std::vector<std::string_view>& names) {
  const auto found = std::find(names.begin(), names.end(), node.scalar);
  if (node.kind == Kind::scalar && found != names.end()) {
    return static_cast<std::size_t>(found - names.begin());
  }
  const auto near = node.kind == Kind::scalar ? hint(node.scalar, names) : "";
  fail(node, context,
       fmt::format("unknown value {}; {}known here: {}", got(node), near, join(names)));
}

void expect_kind(const YamlNode& node, const Context& context, Kind kind) {
  if (node.kind == kind) return;
  fail(node, context,
       fmt::format("expected a {}, got {}", kind == Kind::map ? "section" : "list", got(node)));
}

void expect_known_keys(const YamlNode& node, const Context& context,
                       const std::vector<std::string_view>& known) {
  for (const auto& [key, where, value] : node.entries) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw Error(fmt::format("{}: {}{}{}: unknown key; {}known here: {}", where, context.path,
                            context.path.empty() ? "" : ".", key, hint(key, known), join(known)),
                2);
  }
}

void expect_required_key(const YamlNode& node, const Context& context, std::string_view key,
                         const Constraints& constraints) {
  for (const auto& constraint : constraints) {
    if (constraint.kind != Constraint::Kind::required) continue;
    fail(node, context, fmt::format("required key \"{}\" is missing", key));
  }
}

void expect_number(const YamlNode& node, const Context& context, const Constraints& constraints,
                   double value) {
  for (const auto& constraint : constraints) {
    if (constraint.kind != Constraint::Kind::range) continue;
    const bool low_ok =
        constraint.low_is_allowed ? value >= constraint.low : value > constraint.low;
    const bool high_ok =
        constraint.high_is_allowed ? value <= constraint.high : value < constraint.high;
    if (low_ok && high_ok) continue;
    fail(node, context, fmt::format("expected {}, got {}", range_text(constraint), got(node)));
  }
}

void expect_text(const YamlNode& node, const Context& context, const Constraints& constraints,
                 const std::string& value) {
  for (const auto& constraint : constraints) {
    if (constraint.kind == Constraint::Kind::not_empty && value.empty()) {
      fail(node, context, "must not be empty");
    }
    if (constraint.kind == Constraint::Kind::existing_path && context.paths == Paths::must_exist &&
        !value.empty() && !std::filesystem::exists(value)) {
      fail(node, context, fmt::format("{}: no such file or folder", value));
    }
    if (constraint.kind != Constraint::Kind::one_of) continue;
    const std::vector<std::string_view> choices(constraint.choices.begin(),
                                                constraint.choices.end());
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) continue;
    fail(node, context,
         fmt::format("unknown value {}; {}known here: {}", value, hint(value, choices),
                     join(choices)));
  }
}

void fail_below(const YamlNode& node, const Context& context, std::string_view key,
                std::string_view what) {
  const YamlNode* nearest_node = &node;
  for (std::string_view rest = key; !rest.empty();) {
    const auto dot = std::min(rest.find('.'), rest.size());
    const auto word = rest.substr(0, dot);
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    const YamlNode* child = nullptr;
    if (nearest_node->kind == Kind::list) {
      std::size_t index = nearest_node->items.size();
      std::from_chars(word.data(), word.data() + word.size(), index);
      if (index < nearest_node->items.size()) child = &nearest_node->items[index];
    } else {
      child = nearest_node->find(word);
    }
    if (child == nullptr) break;
    nearest_node = child;
  }
  fail(*nearest_node, key.empty() ? context : context.at(key), what);
}

void expect_size(const YamlNode& node, const Context& context, const Constraints& constraints,
                 std::size_t size) {
  for (const auto& constraint : constraints) {
    if (constraint.kind == Constraint::Kind::not_empty && size == 0) {
      fail(node, context, "must not be empty");
    }
  }
}

namespace {
YamlNode plain(std::string text, bool quoted = false) {
  YamlNode node;
  node.kind = Kind::scalar;
  node.scalar = std::move(text);
  node.quoted = quoted;
  return node;
}
}  // namespace

YamlNode scalar_node(bool value) { return plain(value ? "true" : "false"); }
YamlNode scalar_node(int64_t value) { return plain(fmt::format("{}", value)); }
YamlNode scalar_node(double value) {
  check(std::isfinite(value), "a recipe holds finite numbers only, not {}", value);
  return plain(number_text(value));
}
YamlNode scalar_node(const std::string& value) {
  std::string escaped;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value.compare(i, 2, "${") == 0) escaped += '$';  // read back as a plain ${
    escaped += value[i];
  }
  return plain(std::move(escaped), /*quoted=*/true);
}

namespace {
void collect_differences(const YamlNode& a, const YamlNode& b, const std::string& path,
                         std::vector<std::string>& out) {
  const std::string prefix = path.empty() ? "" : path + ".";
  if (a.kind == Kind::map && b.kind == Kind::map) {
    for (const auto& [key, where, value] : a.entries) {  // both list every field of one struct
      collect_differences(value, *b.find(key), prefix + key, out);
    }
  } else if (a.kind == Kind::list && b.kind == Kind::list && a.items.size() == b.items.size()) {
    for (std::size_t i = 0; i < a.items.size(); ++i) {
      collect_differences(a.items[i], b.items[i], fmt::format("{}{}", prefix, i), out);
    }
  } else if (print_yaml_inline(a) != print_yaml_inline(b)) {
    out.push_back(path);
  }
}
}  // namespace

std::vector<std::string> differing_paths(const YamlNode& a, const YamlNode& b) {
  std::vector<std::string> paths;
  collect_differences(a, b, "", paths);
  return paths;
}

YamlNode load_tree(std::string_view text, const std::string& name,
                   const std::vector<std::string>& overrides) {
  YamlNode root = parse_yaml(text, name);
  check_input(root.kind != Kind::null, "{}: empty: it holds no keys", name);
  for (const auto& assignment : overrides) apply_override(root, assignment);
  return root;
}

std::string load_text(const std::filesystem::path& file) {
  return read_named_file(file, kMaxRecipeBytes);
}

}  // namespace grpo::config_detail
