#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace grpo {

/// For enums that list their names by an `enum_names` in their own namespace (base/config.h shows
/// one).
template <class E>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  for (const auto& [value, name] : enum_names(E{})) names.push_back(name);
  return names;
}

/// The name of a value; throws Error for one that has none.
template <class E>
const char* name_of(E value) {
  for (const auto& [known, name] : enum_names(E{})) {
    if (known == value) return name;
  }
  throw Error("an enum value without a name in enum_names");
}

/// The value of a name, or nothing.
template <class E>
std::optional<E> find_named(std::string_view text) {
  for (const auto& [value, name] : enum_names(E{})) {
    if (text == name) return value;
  }
  return std::nullopt;
}

}  // namespace grpo
