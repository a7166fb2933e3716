#include "policy/tokenizer/jinja_arguments.h"

#include <algorithm>

namespace grpo::policy::jinja {

BoundArguments::BoundArguments(std::string_view callee, const Arguments& arguments,
                               std::initializer_list<std::string_view> parameters)
    : callee_(callee) {
  if (arguments.positional.size() > parameters.size()) {
    fail("TypeError: {}() takes at most {} arguments, got {}", callee, parameters.size(),
         arguments.positional.size());
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    values_.emplace_back(parameters.begin()[i], arguments.positional[i]);
  }
  for (const auto& [name, value] : arguments.named) {
    const auto* known = std::find(parameters.begin(), parameters.end(), name);
    if (known == parameters.end()) {
      fail("TypeError: {}() has no argument '{}'", callee, name);
    }
    if (get(name) != nullptr) fail("TypeError: {}() got '{}' twice", callee, name);
    values_.emplace_back(*known, value);
  }
}

const Value* BoundArguments::get(std::string_view parameter) const {
  for (const auto& [name, value] : values_) {
    if (name == parameter) return &value;
  }
  return nullptr;
}

const Value& BoundArguments::require(std::string_view parameter) const {
  const Value* value = get(parameter);
  if (value == nullptr) fail("TypeError: {}() needs the argument '{}'", callee_, parameter);
  return *value;
}

bool BoundArguments::flag(std::string_view parameter, bool fallback) const {
  const Value* value = get(parameter);
  return value == nullptr ? fallback : truthy(*value);
}

int64_t BoundArguments::integer(std::string_view parameter, int64_t fallback) const {
  const Value* value = get(parameter);
  if (value == nullptr) return fallback;
  const auto integer = value->as_integer();
  if (!integer) {
    fail("TypeError: {}({}): expected an integer, got '{}'", callee_, parameter, type_name(*value));
  }
  return *integer;
}

std::optional<std::string_view> BoundArguments::text(std::string_view parameter) const {
  const Value* value = get(parameter);
  if (value == nullptr || value->is<None>()) return std::nullopt;
  if (value->text() == nullptr) {
    fail("TypeError: {}({}): expected a str, got '{}'", callee_, parameter, type_name(*value));
  }
  return *value->text();
}

}  // namespace grpo::policy::jinja
