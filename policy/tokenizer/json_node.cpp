#include "policy/tokenizer/json_node.h"

#include <algorithm>

#include "base/error.h"

namespace grpo::policy {

bool JsonNode::has(std::string_view key) const {
  if (!value_->is_object()) return false;
  const auto found = value_->find(std::string(key));
  return found != value_->end() && !found->is_null();
}

JsonNode JsonNode::at(std::string_view key) const {
  if (!value_->is_object()) fail("expected an object, got {}", value_->type_name());
  const auto found = value_->find(std::string(key));
  if (found == value_->end()) fail("missing key \"{}\"", key);
  return JsonNode(*found, fmt::format("{}.{}", where_, key));
}

std::vector<JsonNode> JsonNode::items() const {
  if (!value_->is_array()) fail("expected an array, got {}", value_->type_name());
  std::vector<JsonNode> nodes;
  for (size_t i = 0; i < value_->size(); ++i) {
    nodes.emplace_back((*value_)[i], fmt::format("{}[{}]", where_, i));
  }
  return nodes;
}

std::string JsonNode::string() const {
  if (!value_->is_string()) fail("expected a string, got {}", value_->type_name());
  return value_->get<std::string>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) fail("expected a boolean, got {}", value_->type_name());
  return value_->get<bool>();
}

int64_t JsonNode::integer() const {
  if (!value_->is_number_integer()) {
    fail("expected an integer, got {}", value_->type_name());
  }
  return value_->get<int64_t>();
}

bool JsonNode::boolean(std::string_view key, bool otherwise) const {
  return has(key) ? at(key).boolean() : otherwise;
}

void JsonNode::allow_keys(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) fail("expected an object, got {}", value_->type_name());
  for (const auto& [key, unused] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      fail("unknown key \"{}\"; known here: {}", key, fmt::join(keys, ", "));
    }
  }
}

}  // namespace grpo::policy
