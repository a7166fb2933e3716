#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/number.h"

namespace grpo {

/// Json sorts its keys and finds them fast: for reading, vocabularies above all. OrderedJson keeps
/// the order written, for output and for what a chat template prints; its look-up is linear.
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// Parses one value. Throws Error (exit code 2) that begins with `where`: malformed JSON, invalid
/// UTF-8, numbers beyond float64, nesting deeper than 200 (recursion follows it later). Of
/// duplicate keys the last counts, as in Python.
template <class J = Json>
J parse_json(std::string_view text, const std::string& where);

/// One line of JSON, without newline: doubles in the shortest form that reads back (base/number.h),
/// invalid UTF-8 as U+FFFD. A bare infinity or NaN must have been made by json_number.
template <class J>
std::string print_json(const J& value);

/// A number as the commands print it: float32 by its own shortest form, infinities and NaN as text.
OrderedJson json_number(double value);
OrderedJson json_number(float value);

/// "the number 3", "a list", … for messages.
template <class J>
std::string describe_json(const J& value);

/// Reads fields of an object by name. Its errors (exit code 2) name the place, the dotted field,
/// what was expected and what stands there:
///     rows.jsonl:12: limits.seconds: expected a number, got the text "4"
/// T is bool, int64_t, double (also "inf", "-inf", "nan"), std::string, J itself (anything), or a
/// std::vector of these. The object must outlive the reader.
template <class J>
class BasicJsonObject {
 public:
  /// Throws Error unless `value` is an object. `path`: its own dotted name within the row.
  BasicJsonObject(const J& value, std::string where, std::string path = "");

  bool has(const std::string& key) const { return find(key) != nullptr; }

  template <class T>
  T required(const std::string& key) const {
    const J* field = find(key);
    check_input(field != nullptr, "{}: {}: required field is missing", where_, path_of(key));
    T out{};
    read(*field, path_of(key), out);
    return out;
  }
  /// Nothing where the field is absent or null.
  template <class T>
  std::optional<T> optional(const std::string& key) const {
    return has(key) ? std::optional<T>(required<T>(key)) : std::nullopt;
  }
  template <class T>
  T value_or(const std::string& key, T fallback) const {
    return has(key) ? required<T>(key) : fallback;
  }
  /// A nested object; a list of objects. The field must be there.
  BasicJsonObject object(const std::string& key) const;
  std::vector<BasicJsonObject> objects(const std::string& key) const;

  /// Throws Error unless every key of the object is one of `known` (nearest one in the message).
  void refuse_unknown(const std::vector<std::string_view>& known) const;

  /// For checks of the caller's own: throws Error placed at the field.
  [[noreturn]] void fail(const std::string& key, std::string_view what) const;

  const J& json() const { return *value_; }
  const std::string& where() const { return where_; }

 private:
  const J* find(const std::string& key) const;  // nullptr also where it is null
  std::string path_of(const std::string& key) const {
    return path_.empty() ? key : path_ + "." + key;
  }
  void read(const J& field, const std::string& path, bool& out) const;
  void read(const J& field, const std::string& path, int64_t& out) const;
  void read(const J& field, const std::string& path, double& out) const;
  void read(const J& field, const std::string& path, std::string& out) const;
  void read(const J& field, const std::string&, J& out) const { out = field; }
  template <class T>
  void read(const J& field, const std::string& path, std::vector<T>& out) const {
    expect_list(field, path);
    for (std::size_t i = 0; i < field.size(); ++i) {
      T item{};
      read(field[i], fmt::format("{}[{}]", path, i), item);
      out.push_back(std::move(item));
    }
  }
  void expect_list(const J& field, const std::string& path) const;

  const J* value_;
  std::string where_;
  std::string path_;
};

using JsonObject = BasicJsonObject<Json>;
using OrderedJsonObject = BasicJsonObject<OrderedJson>;
extern template class BasicJsonObject<Json>;
extern template class BasicJsonObject<OrderedJson>;

}  // namespace grpo
