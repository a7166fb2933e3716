#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_syntax.h"

namespace grpo::policy::jinja {

struct Evaluation {
  std::string text;
  std::vector<std::pair<size_t, size_t>> generation_spans;  ///< bytes [begin, end) of `text`
  bool has_all_spans = true;  ///< false: a generation block ran inside a macro or set block
};

/// Runs a parsed template over its variables. Bounded in steps, text and recursion (Budget).
/// Throws TemplateError "name:line:column: what".
Evaluation evaluate(const std::vector<Statement>& program, const std::string& name,
                    std::vector<std::pair<std::string, Value>> variables);

}  // namespace grpo::policy::jinja
