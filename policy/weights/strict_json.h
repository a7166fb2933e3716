#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy {

/// JSON with duplicate keys refused and without any exception but Error, which begins with `where`.
nlohmann::json parse_strict_json(std::string_view text, const std::string& where);

/// The same for a file. Throws Error when it cannot be read.
nlohmann::json read_json_file(const std::filesystem::path& file);

/// A JSON object read key by key; it remembers what was asked for, so that what is left over can be
/// refused. A key whose value is null counts as missing. Every error names `where` and the key.
class JsonFields {
 public:
  /// Keeps a reference to `object`. Throws unless it is an object.
  JsonFields(const nlohmann::json& object, std::string where);

  /// The value, or nullptr when missing or null.
  const nlohmann::json* find(const std::string& key);
  /// True for a key that is there, even as null (some families give a missing key a meaning).
  bool contains(const std::string& key) const { return object_.contains(key); }
  bool has(const std::string& key) { return find(key) != nullptr; }

  int64_t integer(const std::string& key, std::optional<int64_t> fallback = std::nullopt);
  double number(const std::string& key, std::optional<double> fallback = std::nullopt);
  bool boolean(const std::string& key, std::optional<bool> fallback = std::nullopt);
  std::string text(const std::string& key, std::optional<std::string> fallback = std::nullopt);
  std::vector<double> numbers(const std::string& key);
  std::vector<int64_t> integers(const std::string& key);

  void ignore(const std::string& key) { read_.insert(key); }
  /// Keys with a value other than null that nothing asked for, in the file's order.
  std::vector<std::string> unread() const;
  const std::string& where() const { return where_; }

 private:
  const nlohmann::json& required(const std::string& key);

  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string> read_;
};

}  // namespace grpo::policy
