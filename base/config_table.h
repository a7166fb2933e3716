#pragma once

#include <string>
#include <vector>

#include "base/config.h"

namespace grpo {
namespace config_detail {

struct TableRow {
  std::string key, type, default_value, meaning;
};
std::string print_table(const std::vector<TableRow>& rows);
std::string describe(const Constraints& constraints);

template <class T>
std::string type_name() {
  if constexpr (is_optional<T>::value) {
    return type_name<typename T::value_type>() + " or null";
  } else if constexpr (is_vector<T>::value) {
    return "list of " + type_name<typename T::value_type>();
  } else if constexpr (std::is_enum_v<T>) {
    std::string names;
    for (const auto name : names_of<T>())
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", name);
    return "one of " + names;
  } else if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (std::same_as<T, int64_t>) {
    return "integer";
  } else if constexpr (std::same_as<T, double>) {
    return "number";
  } else if constexpr (std::same_as<T, std::string>) {
    return "text";
  } else {
    return "section";
  }
}

class FieldDescriber {
 public:
  FieldDescriber(std::string prefix, std::vector<TableRow>& rows)
      : prefix_(std::move(prefix)), rows_(rows) {}

  template <class T, std::same_as<Constraint>... C>
  void operator()(const char* key, T& value, const char* doc, const C&... constraints) {
    const std::string path = prefix_ + key;
    if constexpr (Section<T>) {  // its fields say it all
      FieldDescriber inner(path + ".", rows_);
      fields(inner, value);
    } else {
      rows_.push_back({path, type_name<T>() + describe({constraints...}),
                       fmt::format("`{}`", print_yaml_inline(to_node(value))), doc});
      describe_items<T>(path);
    }
  }

 private:
  /// Rows for what a list or an optional holds, when that is a struct.
  template <class T>
  void describe_items(const std::string& path) {
    if constexpr (Section<T>) {
      T item{};
      FieldDescriber inner(path + ".", rows_);
      fields(inner, item);
    } else if constexpr (is_vector<T>::value) {
      describe_items<typename T::value_type>(path + ".N");
    } else if constexpr (is_optional<T>::value) {
      describe_items<typename T::value_type>(path);
    }
  }
  std::string prefix_;
  std::vector<TableRow>& rows_;
};

}  // namespace config_detail

/// `| key | type | default | meaning |`, a row per field, in depth, keys dotted; items of a list of
/// structs stand under `list.N.key`.
template <class T>
std::string markdown_table() {
  T config{};
  std::vector<config_detail::TableRow> rows;
  config_detail::FieldDescriber describer("", rows);
  fields(describer, config);
  return config_detail::print_table(rows);
}

}  // namespace grpo
