#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/yaml.h"

namespace grpo {
namespace {

/// Plain scalars that no YAML reader, 1.1 or 1.2, takes for anything but this text.
bool is_plain_text(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !(letter(text[0]) || text[0] == '_' || text[0] == '/')) return false;
  for (const char c : text) {
    if (!letter(c) && !(c >= '0' && c <= '9') &&
        std::string_view("_-./").find(c) == std::string_view::npos) {
      return false;
    }
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  static const std::vector<std::string_view> reserved{"true", "false", "yes", "no", "on",
                                                      "off",  "null",  "y",   "n"};
  return std::find(reserved.begin(), reserved.end(), lower) == reserved.end();
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

/// A node that fits one line: a scalar, an empty map, a list of such.
bool is_inline(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::map) return node.entries.empty();
  return std::all_of(node.items.begin(), node.items.end(), is_inline);
}

std::string print_key(const std::string& key) { return is_plain_text(key) ? key : quote(key); }

std::string print_scalar(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::null) return "null";
  return node.quoted && !is_plain_text(node.scalar) ? quote(node.scalar) : node.scalar;
}

void print_block(const YamlNode& node, std::size_t indent, bool first_in_line, std::string& out) {
  const std::string margin(indent, ' ');
  const auto start_line = [&] {
    if (!first_in_line) out += margin;
    first_in_line = false;
  };
  const auto print_child = [&](const YamlNode& child, std::string_view lead) {
    start_line();
    out += lead;
    if (is_inline(child)) {
      out += fmt::format(" {}\n", print_yaml_inline(child));
    } else if (lead == "-") {
      out += ' ';
      print_block(child, indent + 2, true, out);
    } else {
      out += '\n';
      print_block(child, indent + 2, false, out);
    }
  };
  for (const auto& item : node.items) print_child(item, "-");
  for (const auto& [key, where, value] : node.entries) {
    print_child(value, print_key(key) + ":");
  }
}

}  // namespace

std::string print_yaml_inline(const YamlNode& node) {
  using Kind = YamlNode::Kind;
  if (node.kind == Kind::null || node.kind == Kind::scalar) return print_scalar(node);
  std::string inside;
  for (const auto& item : node.items) {
    inside += (inside.empty() ? "" : ", ") + print_yaml_inline(item);
  }
  for (const auto& [key, where, value] : node.entries) {
    inside += (inside.empty() ? "" : ", ") + print_key(key) + ": " + print_yaml_inline(value);
  }
  return node.kind == Kind::list ? "[" + inside + "]" : "{" + inside + "}";
}

std::string print_yaml(const YamlNode& node) {
  if (is_inline(node)) return print_yaml_inline(node) + "\n";
  std::string out;
  print_block(node, 0, false, out);
  return out;
}

}  // namespace grpo
