#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy::jinja {

/// The arguments of a call: positional, then named.
struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// Arguments matched to the parameters of `callee`, as Python does it.
class BoundArguments {
 public:
  /// Fails (TypeError) on too many, unknown or repeated arguments.
  BoundArguments(std::string_view callee, const Arguments& arguments,
                 std::initializer_list<std::string_view> parameters);

  const Value* get(std::string_view parameter) const;  ///< null: not given
  const Value& require(std::string_view parameter) const;
  bool flag(std::string_view parameter, bool fallback) const;  ///< by truth
  int64_t integer(std::string_view parameter, int64_t fallback) const;
  /// Nothing where absent or None; fails unless text.
  std::optional<std::string_view> text(std::string_view parameter) const;

 private:
  std::string_view callee_;
  std::vector<std::pair<std::string_view, Value>> values_;
};

}  // namespace grpo::policy::jinja
