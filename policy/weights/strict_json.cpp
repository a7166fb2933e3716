#include "policy/weights/strict_json.h"

#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace grpo::policy {

using nlohmann::json;

json parse_strict_json(std::string_view text, const std::string& where) {
  constexpr int kMaxDepth = 64;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto no_duplicates = [&](int depth, json::parse_event_t event, json& parsed) {
    check_input(depth < kMaxDepth, "{}: JSON nested deeper than {}", where, kMaxDepth);
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      check_input(keys.back().insert(key).second, "{}: {}: duplicate key", where, key);
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), no_duplicates);
  } catch (const json::exception& e) {
    throw Error(fmt::format("{}: not JSON: {}", where, e.what()), 2);
  }
}

json read_json_file(const std::filesystem::path& file) {
  return parse_strict_json(MappedFile(file).text(), file.string());
}

JsonFields::JsonFields(const json& object, std::string where)
    : object_(object), where_(std::move(where)) {
  check_input(object_.is_object(), "{}: expected a JSON object, got {}", where_,
              object_.type_name());
}

const json* JsonFields::find(const std::string& key) {
  read_.insert(key);
  const auto it = object_.find(key);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

const json& JsonFields::required(const std::string& key) {
  const json* value = find(key);
  check_input(value != nullptr, "{}: {}: missing", where_, key);
  return *value;
}

int64_t JsonFields::integer(const std::string& key, std::optional<int64_t> fallback) {
  if (fallback && !has(key)) return *fallback;
  const json& value = required(key);
  // 2^53 bounds what any JSON reader keeps exactly.
  const bool fits = (value.is_number_integer() || value.is_number_float()) &&
                    std::abs(value.get<double>()) <= 9007199254740992.0 &&
                    value.get<double>() == std::floor(value.get<double>());
  check_input(fits, "{}: {}: expected an integer, got {}", where_, key, value.dump());
  return value.get<int64_t>();
}

double JsonFields::number(const std::string& key, std::optional<double> fallback) {
  if (fallback && !has(key)) return *fallback;
  const json& value = required(key);
  check_input(value.is_number(), "{}: {}: expected a number, got {}", where_, key,
              value.type_name());
  return value.get<double>();
}

bool JsonFields::boolean(const std::string& key, std::optional<bool> fallback) {
  if (fallback && !has(key)) return *fallback;
  const json& value = required(key);
  check_input(value.is_boolean(), "{}: {}: expected true or false, got {}", where_, key,
              value.type_name());
  return value.get<bool>();
}

std::string JsonFields::text(const std::string& key, std::optional<std::string> fallback) {
  if (fallback && !has(key)) return *fallback;
  const json& value = required(key);
  check_input(value.is_string(), "{}: {}: expected a string, got {}", where_, key,
              value.type_name());
  return value.get<std::string>();
}

std::vector<double> JsonFields::numbers(const std::string& key) {
  const json& value = required(key);
  check_input(value.is_array(), "{}: {}: expected a list of numbers", where_, key);
  std::vector<double> out;
  for (const json& item : value) {
    check_input(item.is_number(), "{}: {}: expected a list of numbers", where_, key);
    out.push_back(item.get<double>());
  }
  return out;
}

std::vector<int64_t> JsonFields::integers(const std::string& key) {
  const json& value = required(key);
  check_input(value.is_array(), "{}: {}: expected a list of integers", where_, key);
  std::vector<int64_t> out;
  for (const json& item : value) {
    check_input(item.is_number_integer(), "{}: {}: expected a list of integers", where_, key);
    out.push_back(item.get<int64_t>());
  }
  return out;
}

std::vector<std::string> JsonFields::unread() const {
  std::vector<std::string> out;
  for (const auto& [key, value] : object_.items()) {
    if (!value.is_null() && !read_.contains(key)) out.push_back(key);
  }
  return out;
}

}  // namespace grpo::policy
