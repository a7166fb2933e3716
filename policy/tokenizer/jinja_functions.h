#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_arguments.h"

namespace grpo::policy::jinja {

/// The global function of this name. Fails for the globals of Jinja that are not supported.
std::optional<Function> find_function(std::string_view name);

/// raise_exception and strftime_now are transformers'; the others Jinja's.
Value call_function(Function function, const Arguments& arguments,
                    std::deque<Namespace>& namespaces, Budget& budget);

void set_attribute(Namespace& target, const std::string& name, Value value, Budget& budget);

/// Sets a key of a dict under construction: the last value wins, the first place stays.
void insert(std::vector<std::pair<Value, Value>>& items, Value key, Value value, Budget& budget);

}  // namespace grpo::policy::jinja
