#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grpo::policy {

/// A JSON value that knows where it stands: every refusal names the file and the key.
/// Borrows the document, which must outlive it.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string where)
      : value_(&value), where_(std::move(where)) {}

  const nlohmann::json& value() const { return *value_; }
  const std::string& where() const { return where_; }

  /// Whether the object has the key with a value other than null.
  bool has(std::string_view key) const;
  JsonNode at(std::string_view key) const;  ///< Error when missing
  std::vector<JsonNode> items() const;      ///< elements of an array

  std::string string() const;
  bool boolean() const;
  int64_t integer() const;
  std::string string(std::string_view key) const { return at(key).string(); }
  bool boolean(std::string_view key, bool otherwise) const;

  /// Refuses any key of the object that is not listed.
  void allow_keys(std::initializer_list<std::string_view> keys) const;

  /// Throws Error: where the value stands, then the message (exit code 2: it is the user's file).
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    throw Error(where_ + ": " + fmt::format(format, std::forward<Args>(args)...), 2);
  }

 private:
  const nlohmann::json* value_;
  std::string where_;
};

}  // namespace grpo::policy
