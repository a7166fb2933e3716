#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy::jinja {

/// The variables of a template, loop pass, macro call or block, and the scope around it.
class Scope {
 public:
  explicit Scope(const Scope* outer) : outer_(outer) {}

  void set(std::string_view name, Value value) {
    for (auto& [key, old] : variables_) {
      if (key == name) {
        old = std::move(value);
        return;
      }
    }
    variables_.emplace_back(name, std::move(value));
  }

  const Value* find(std::string_view name, Budget& budget) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer_) {
      budget.spend();
      for (const auto& [key, value] : scope->variables_) {
        if (key == name) return &value;
      }
    }
    return nullptr;
  }

 private:
  const Scope* outer_;
  std::vector<std::pair<std::string, Value>> variables_;  // few: found fastest by walking
};

}  // namespace grpo::policy::jinja
