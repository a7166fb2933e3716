#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/number.h"
#include "base/yaml.h"

/// Recipes: plain aggregates read from strict YAML. A struct lists its fields once,
///
///     template <class Visitor>
///     void fields(Visitor& v, ClipConfig& c) {
///       v("low", c.low, "ratio is not rewarded below 1 - low", in_range(0, 1));
///     }
///
/// and an enum its names, both in their own namespace (found by argument-dependent lookup):
///
///     constexpr std::array<std::pair<Ratio, const char*>, 2> enum_names(Ratio) {
///       return {{{Ratio::token, "token"}, {Ratio::sequence, "sequence"}}};
///     }
///
/// What must hold between fields stands beside them, where it needs saying; keys may be dotted, ""
/// is the struct as a whole. The fields' own constraints hold already when it is called:
///
///     template <class Rules>
///     void rules(const Rules& r, const ClipConfig& c) {
///       r(c.low <= c.high, "low", "expected at most high = {}, got {}", c.high, c.low);
///     }
///
/// Field types: bool, int64_t, double, std::string, such enums and structs, std::optional and
/// std::vector of these. Keys that are absent keep the struct's default; a section that is left out
/// is checked like an empty one.
namespace grpo {

/// What a value must satisfy beyond its type; applies to what an optional holds, to each item of a
/// list, except `not_empty`, which is about the list (or the text) itself.
struct Constraint {
  enum class Kind { range, one_of, not_empty, required, existing_path };
  Kind kind;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_is_allowed = true, high_is_allowed = true;
  std::vector<std::string> choices = {};
};
inline Constraint at_least(double low) { return {Constraint::Kind::range, low}; }
inline Constraint more_than(double low) {
  Constraint c = at_least(low);
  c.low_is_allowed = false;
  return c;
}
inline Constraint in_range(double low, double high) { return {Constraint::Kind::range, low, high}; }
/// Without its upper end, infinity for a range that has none: open_above(in_range(0, 1)).
inline Constraint open_above(Constraint range) {
  range.high_is_allowed = false;
  return range;
}
inline Constraint one_of(std::vector<std::string> choices) {
  Constraint c{Constraint::Kind::one_of};
  c.choices = std::move(choices);
  return c;
}
inline Constraint not_empty() { return {Constraint::Kind::not_empty}; }
inline Constraint required() { return {Constraint::Kind::required}; }  // the key must be written
/// A file or folder that is there, unless the text is empty; asked of the machine by
/// Paths::must_exist only.
inline Constraint existing_path() { return {Constraint::Kind::existing_path}; }
using Constraints = std::vector<Constraint>;

/// Whether what a recipe names must be there: not where a finished recipe is read again.
enum class Paths { may_be_missing, must_exist };

/// Values of `${name}` in texts, for example {"output_dir", "runs/a"}. `${env:NAME}` is the
/// environment's; `$${` stands for a plain `${`. Any other `${…}` is an error.
using ConfigVariables = std::map<std::string, std::string>;

namespace config_detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
concept Scalar = std::same_as<T, bool> || std::same_as<T, int64_t> || std::same_as<T, double> ||
    std::same_as<T, std::string>;

/// A struct of fields.
template <class T>
concept Section =
    !is_optional<T>::value && !is_vector<T>::value && !std::is_enum_v<T> && !Scalar<T>;

struct Context {
  const ConfigVariables& variables;
  Paths paths = Paths::may_be_missing;
  std::string path = {};  // dotted key of the node in hand, items by number: data.0.path

  Context at(std::string_view key) const {
    return {variables, paths, fmt::format("{}{}{}", path, path.empty() ? "" : ".", key)};
  }
};

/// "from 0 to 1", "at least 1".
std::string range_text(const Constraint& range);
[[noreturn]] void fail(const YamlNode& node, const Context& context, std::string_view what);
void parse_scalar(const YamlNode& node, const Context& context, bool& out);
void parse_scalar(const YamlNode& node, const Context& context, int64_t& out);
void parse_scalar(const YamlNode& node, const Context& context, double& out);
void parse_scalar(const YamlNode& node, const Context& context, std::string& out);
std::size_t parse_choice(const YamlNode& node, const Context& context,
                         const std::vector<std::string_view>& names);
void expect_kind(const YamlNode& node, const Context& context, YamlNode::Kind kind);
void expect_known_keys(const YamlNode& node, const Context& context,
                       const std::vector<std::string_view>& known);
void expect_required_key(const YamlNode& node, const Context& context, std::string_view key,
                         const Constraints& constraints);
void expect_number(const YamlNode& node, const Context& context, const Constraints& constraints,
                   double value);
void expect_text(const YamlNode& node, const Context& context, const Constraints& constraints,
                 const std::string& value);
void expect_size(const YamlNode& node, const Context& context, const Constraints& constraints,
                 std::size_t size);
/// Placed at the value of the dotted key below `node`, or at what holds it where it is left out.
[[noreturn]] void fail_below(const YamlNode& node, const Context& context, std::string_view key,
                             std::string_view what);

template <class T>
void read_value(const YamlNode& node, const Context& context, const Constraints& constraints,
                T& out);

/// Reads the keys that are there.
class FieldReader {
 public:
  FieldReader(const YamlNode& node, const Context& context) : node_(node), context_(context) {}

  template <class T, std::same_as<Constraint>... C>
  void operator()(const char* key, T& out, const char* /*doc*/, const C&... constraints) {
    const YamlNode* child = node_.find(key);
    if (child != nullptr) read_value(*child, context_.at(key), {constraints...}, out);
  }

 private:
  const YamlNode& node_;
  const Context& context_;
};

/// What must hold of keys that are left out; after the others, so that a misspelt key is reported
/// before what it leaves out.
class LeftOutReader {
 public:
  LeftOutReader(const YamlNode& node, const Context& context) : node_(node), context_(context) {}

  template <class T, std::same_as<Constraint>... C>
  void operator()(const char* key, T& out, const char* /*doc*/, const C&... constraints) {
    if (node_.find(key) != nullptr) return;
    expect_required_key(node_, context_, key, {constraints...});
    if constexpr (Section<T>) {  // its required keys and rules hold all the same
      YamlNode empty;
      empty.kind = YamlNode::Kind::map;
      empty.where = node_.where;
      read_value(empty, context_.at(key), {}, out);
    }
  }

 private:
  const YamlNode& node_;
  const Context& context_;
};

/// Collects the keys without reading.
class KeyCollector {
 public:
  template <class T, class... C>
  void operator()(const char* key, T&, const char*, const C&...) {
    keys.emplace_back(key);
  }
  std::vector<std::string_view> keys;
};

class RuleChecker {
 public:
  RuleChecker(const YamlNode& node, const Context& context) : node_(node), context_(context) {}

  template <class... Args>
  void operator()(bool holds, std::string_view key, fmt::format_string<Args...> format,
                  Args&&... args) const {
    if (!holds) {
      fail_below(node_, context_, key, fmt::format(format, std::forward<Args>(args)...));
    }
  }

 private:
  const YamlNode& node_;
  const Context& context_;
};

template <class T>
void read_struct(const YamlNode& node, const Context& context, T& out) {
  expect_kind(node, context, YamlNode::Kind::map);
  KeyCollector collector;
  fields(collector, out);
  expect_known_keys(node, context, collector.keys);
  FieldReader reader(node, context);
  fields(reader, out);
  LeftOutReader left_out(node, context);
  fields(left_out, out);
  const RuleChecker checker(node, context);
  if constexpr (requires { rules(checker, std::as_const(out)); }) {
    rules(checker, std::as_const(out));
  }
}

template <class T>
void read_value(const YamlNode& node, const Context& context, const Constraints& constraints,
                T& out) {
  if constexpr (is_optional<T>::value) {
    if (node.kind == YamlNode::Kind::null) {
      out.reset();
    } else {
      read_value(node, context, constraints, out.emplace());
    }
  } else if constexpr (is_vector<T>::value) {
    expect_kind(node, context, YamlNode::Kind::list);
    expect_size(node, context, constraints, node.items.size());
    out.clear();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      typename T::value_type item{};
      read_value(node.items[i], context.at(std::to_string(i)), constraints, item);
      out.push_back(std::move(item));
    }
  } else if constexpr (std::is_enum_v<T>) {
    out = enum_names(T{})[parse_choice(node, context, names_of<T>())].first;
  } else if constexpr (Scalar<T>) {
    parse_scalar(node, context, out);
    if constexpr (std::same_as<T, std::string>) {
      expect_text(node, context, constraints, out);
    } else if constexpr (!std::same_as<T, bool>) {
      expect_number(node, context, constraints, static_cast<double>(out));
    }
  } else {
    read_struct(node, context, out);
  }
}

YamlNode scalar_node(bool value);
YamlNode scalar_node(int64_t value);
YamlNode scalar_node(double value);
YamlNode scalar_node(const std::string& value);

template <class T>
YamlNode to_node(T& value);

class FieldWriter {
 public:
  template <class T, class... C>
  void operator()(const char* key, T& value, const char*, const C&...) {
    node.entries.push_back({key, "", to_node(value)});
  }
  FieldWriter() { node.kind = YamlNode::Kind::map; }
  YamlNode node;
};

template <class T>
YamlNode to_node(T& value) {
  if constexpr (is_optional<T>::value) {
    return value ? to_node(*value) : YamlNode{};
  } else if constexpr (is_vector<T>::value) {
    YamlNode list;
    list.kind = YamlNode::Kind::list;
    for (auto&& item : value) {
      typename T::value_type copy = item;  // also where the item is a vector<bool> proxy
      list.items.push_back(to_node(copy));
    }
    return list;
  } else if constexpr (std::is_enum_v<T>) {
    return scalar_node(std::string(name_of(value)));
  } else if constexpr (Scalar<T>) {
    return scalar_node(value);
  } else {
    FieldWriter writer;
    fields(writer, value);
    return writer.node;
  }
}

std::vector<std::string> differing_paths(const YamlNode& a, const YamlNode& b);

YamlNode load_tree(std::string_view text, const std::string& name,
                   const std::vector<std::string>& overrides);
std::string load_text(const std::filesystem::path& file);

}  // namespace config_detail

/// Reads `text` (called `name` in errors), then the overrides `a.b=value` in their order, the later
/// winning, each checked exactly like the file. Throws Error (exit code 2):
///     recipe.yaml:14:5: grpo.clip.hihg: unknown key; did you mean "high"? known here: low, high
///     --set grpo.clip.low=x: grpo.clip.low: expected a number, got x
template <class T>
T parse_config(std::string_view text, const std::string& name,
               const std::vector<std::string>& overrides = {},
               const ConfigVariables& variables = {}, Paths paths = Paths::may_be_missing) {
  T config{};
  config_detail::read_struct(config_detail::load_tree(text, name, overrides),
                             config_detail::Context{variables, paths}, config);
  return config;
}

/// The same from a file.
template <class T>
T read_config(const std::filesystem::path& file, const std::vector<std::string>& overrides = {},
              const ConfigVariables& variables = {}, Paths paths = Paths::may_be_missing) {
  return parse_config<T>(config_detail::load_text(file), file.string(), overrides, variables,
                         paths);
}

/// Throws the Error of reading it for a struct that was filled in by a program; `key` stands for
/// the section in its messages.
template <class T>
void check_config(T config, const std::string& key) {
  const ConfigVariables none;
  T copy{};
  config_detail::read_struct(config_detail::to_node(config),
                             config_detail::Context{none, Paths::may_be_missing, key}, copy);
}

/// YAML with every field, which reads back to the same struct, bit for bit in its numbers.
template <class T>
std::string print_config(T config) {
  return print_yaml(config_detail::to_node(config));
}

/// Dotted keys whose values differ, in the order of the fields; lists of unequal length count
/// whole.
template <class T>
std::vector<std::string> differing_keys(T a, T b) {
  return config_detail::differing_paths(config_detail::to_node(a), config_detail::to_node(b));
}

}  // namespace grpo
