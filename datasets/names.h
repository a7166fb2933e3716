#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace grpo::datasets {

/// The name of a value of an enum that lists its names in enum_names (see base/config.h).
template <class Enum>
std::string_view name(Enum value) {
  for (const auto& [entry, text] : enum_names(Enum{})) {
    if (entry == value) return text;
  }
  throw Error("an enum value without a name in enum_names");
}

/// Throws Error (exit code 2) on an unknown name, listing the known ones after `where`.
template <class Enum>
Enum from_name(std::string_view wanted, std::string_view where) {
  std::string known;
  for (const auto& [entry, text] : enum_names(Enum{})) {
    if (text == wanted) return entry;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  throw Error(fmt::format("{}: unknown '{}'; known: {}", where, wanted, known), 2);
}

}  // namespace grpo::datasets
