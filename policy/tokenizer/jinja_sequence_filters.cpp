#include <algorithm>
#include <array>
#include <charconv>

#include "policy/tokenizer/jinja_filters.h"
#include "policy/tokenizer/jinja_format.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_tests.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

/// The path of an attribute argument: names and indices, "function.name", "0.role", 0.
std::vector<Value> attribute_path(const Value& attribute) {
  if (attribute.as_integer()) return {attribute};
  if (attribute.text() == nullptr) {
    fail("TypeError: an attribute is a str or an int, not '{}'", type_name(attribute));
  }
  std::vector<Value> path;
  for (const std::string& part : split(*attribute.text(), ".")) {
    int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_index =
        !part.empty() && part[0] != '-' && error == std::errc() && end == part.data() + part.size();
    path.push_back(is_index ? Value(index) : Value(part));
  }
  return path;
}

Value follow(Value item, const std::vector<Value>& path, const Value* fallback, Budget& budget) {
  for (const Value& part : path) {
    item = get_item(item, part, budget);
    if (fallback != nullptr && item.is<Undefined>()) item = *fallback;
  }
  return item;
}

Value ignore_case(const Value& value, bool case_sensitive) {
  if (case_sensitive || value.text() == nullptr) return value;
  return Value(to_lower(*value.text()));
}

Value join(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("join", arguments, {"d", "attribute"});
  const Value* given = bound.get("d");
  const std::string separator = given != nullptr ? to_text(*given, budget) : "";
  const Value* attribute = bound.get("attribute");
  std::vector<Value> path;
  if (attribute != nullptr && !attribute->is<None>()) path = attribute_path(*attribute);
  std::string out;
  bool is_first = true;
  const Next next = iterate(subject, budget);
  while (auto item = next()) {
    if (!is_first) out += separator;
    is_first = false;
    out += to_text(follow(std::move(*item), path, nullptr, budget), budget);
    budget.spend_text(separator.size());
  }
  budget.spend_text(out.size());
  return Value(std::move(out));
}

Value count(const Value& subject, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments none("length", arguments, {});
  return Value(length(subject));
}

Value items(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("items", arguments, {});
  std::vector<Value> pairs;
  if (const Dict* dict = subject.dict()) {
    budget.spend(dict->items.size());
    for (const auto& [key, value] : dict->items) pairs.push_back(Value::tuple({key, value}));
  } else if (!subject.is<Undefined>()) {
    fail("TypeError: Can only get item pairs from a mapping.");
  }
  const Value list = Value::list(std::move(pairs));
  return make_generator(iterate(list, budget), list);
}

Value to_list(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("list", arguments, {});
  return Value::list(to_vector(subject, budget));
}

Value first(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("first", arguments, {});
  const auto item = iterate(subject, budget)();
  return item ? *item : Value::undefined("UndefinedError: No first item, sequence was empty.");
}

bool is_reversible(const Value& value) {
  return value.sequence() != nullptr || value.dict() != nullptr || value.text() != nullptr;
}

Value last(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("last", arguments, {});
  require_defined(subject);
  if (!is_reversible(subject)) {
    fail("TypeError: '{}' object is not reversible", type_name(subject));
  }
  const std::vector<Value> all = to_vector(subject, budget);
  return all.empty() ? Value::undefined("UndefinedError: No last item, sequence was empty.")
                     : all.back();
}

Value reverse(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("reverse", arguments, {});
  std::vector<Value> all = to_vector(subject, budget);
  std::reverse(all.begin(), all.end());
  if (subject.text() != nullptr) {
    std::string out;
    for (const Value& item : all) out += *item.text();
    budget.spend_text(out.size());
    return subject.is_markup() ? Value::markup(std::move(out)) : Value(std::move(out));
  }
  Value list = Value::list(std::move(all));
  return is_reversible(subject) ? make_generator(iterate(list, budget), list) : list;
}

/// What `map` does to each item: takes an attribute, or applies a filter.
Value map(const Value& subject, const Arguments& arguments, Budget& budget) {
  std::function<Value(Value)> change;
  if (arguments.positional.empty()) {
    const BoundArguments bound("map", arguments, {"attribute", "default"});
    const Value* fallback = bound.get("default");
    if (fallback != nullptr && fallback->is<None>()) fallback = nullptr;
    change = [path = attribute_path(bound.require("attribute")),
              fallback = fallback != nullptr ? std::optional<Value>(*fallback) : std::nullopt,
              &budget](Value item) {
      return follow(std::move(item), path, fallback ? &*fallback : nullptr, budget);
    };
  } else {
    const std::string* name = arguments.positional[0].text();
    const Filter filter = name != nullptr ? find_filter(*name) : nullptr;
    if (filter == nullptr) fail("map: the filter is not supported");
    Arguments rest = arguments;
    rest.positional.erase(rest.positional.begin());
    change = [filter, rest = std::move(rest), &budget](const Value& item) {
      return filter(item, rest, budget);
    };
  }
  const Value source = truthy(subject) ? subject : Value::list({});
  return make_generator(
      [next = iterate(source, budget), change = std::move(change)]() -> std::optional<Value> {
        auto item = next();
        if (!item) return std::nullopt;
        return change(std::move(*item));
      },
      source);
}

enum class Keep { matching, others };

/// select, reject, and with the attribute first, selectattr and rejectattr.
Value select(const Value& subject, const Arguments& arguments, Budget& budget, bool by_attribute,
             Keep keep) {
  Arguments rest = arguments;
  std::vector<Value> path;
  const auto take = [&rest] {
    Value taken = rest.positional.front();
    rest.positional.erase(rest.positional.begin());
    return taken;
  };
  if (by_attribute) {
    if (rest.positional.empty()) fail("Missing parameter for attribute name");
    path = attribute_path(take());
  }
  Test test = nullptr;
  if (!rest.positional.empty()) {
    const Value name = take();
    test = name.text() != nullptr ? find_test(*name.text()) : nullptr;
    if (test == nullptr) fail("select: the test is not supported");
  } else if (!rest.named.empty()) {
    fail("TypeError: select takes no argument '{}' without a test", rest.named[0].first);
  }
  const Value source = truthy(subject) ? subject : Value::list({});
  return make_generator(
      [next = iterate(source, budget), path = std::move(path), rest = std::move(rest), test, keep,
       &budget]() -> std::optional<Value> {
        while (auto item = next()) {
          const Value looked_at = follow(*item, path, nullptr, budget);
          const bool holds = test != nullptr ? test(looked_at, rest, budget) : truthy(looked_at);
          if (holds == (keep == Keep::matching)) return item;
        }
        return std::nullopt;
      },
      source);
}

template <bool by_attribute, Keep keep>
Value select_filter(const Value& subject, const Arguments& arguments, Budget& budget) {
  return select(subject, arguments, budget, by_attribute, keep);
}

/// Items with the keys to sort them by; stable, also when reversed.
std::vector<Value> sort_by_keys(std::vector<std::pair<Value, Value>> keyed, bool descending,
                                Budget& budget) {
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& a, const auto& b) {
    return descending ? less(b.first, a.first, budget) : less(a.first, b.first, budget);
  });
  std::vector<Value> sorted;
  sorted.reserve(keyed.size());
  for (auto& [key, item] : keyed) sorted.push_back(std::move(item));
  return sorted;
}

Value sort(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const bool case_sensitive = bound.flag("case_sensitive", false);
  std::vector<std::vector<Value>> paths;
  const Value* attribute = bound.get("attribute");
  if (attribute == nullptr || attribute->is<None>()) {
    paths.emplace_back();
  } else if (attribute->text() != nullptr) {
    for (std::string& part : split(*attribute->text(), ",")) {
      paths.push_back(attribute_path(Value(std::move(part))));
    }
  } else {
    paths.push_back(attribute_path(*attribute));
  }
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& item : to_vector(subject, budget)) {
    std::vector<Value> key;
    key.reserve(paths.size());
    for (const auto& path : paths) {
      key.push_back(ignore_case(follow(item, path, nullptr, budget), case_sensitive));
    }
    keyed.emplace_back(Value::list(std::move(key)), std::move(item));
  }
  return Value::list(sort_by_keys(std::move(keyed), bound.flag("reverse", false), budget));
}

Value sort_dict(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const Dict* dict = subject.dict();
  if (dict == nullptr) {
    require_defined(subject);
    fail("TypeError: dictsort: expected a dict, got '{}'", type_name(subject));
  }
  const std::string_view by = bound.text("by").value_or("key");
  if (by != "key" && by != "value") fail("dictsort: You can only sort by either 'key' or 'value'");
  std::vector<std::pair<Value, Value>> keyed;
  for (const auto& [key, value] : dict->items) {
    keyed.emplace_back(ignore_case(by == "key" ? key : value, bound.flag("case_sensitive", false)),
                       Value::tuple({key, value}));
  }
  return Value::list(sort_by_keys(std::move(keyed), bound.flag("reverse", false), budget));
}

Value unique(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("unique", arguments, {"case_sensitive", "attribute"});
  const bool case_sensitive = bound.flag("case_sensitive", false);
  const Value* attribute = bound.get("attribute");
  std::vector<Value> path;
  if (attribute != nullptr && !attribute->is<None>()) path = attribute_path(*attribute);
  std::vector<Value> seen;
  std::vector<Value> kept;
  for (Value& item : to_vector(subject, budget)) {
    Value key = ignore_case(follow(item, path, nullptr, budget), case_sensitive);
    if (key.dict() != nullptr ||
        (key.sequence() != nullptr && key.sequence()->kind == Sequence::Kind::list)) {
      fail("TypeError: unhashable type: '{}'", type_name(key));
    }
    const bool is_known = std::any_of(
        seen.begin(), seen.end(), [&](const Value& other) { return equal(key, other, budget); });
    if (is_known) continue;
    seen.push_back(std::move(key));
    kept.push_back(std::move(item));
  }
  const Value list = Value::list(std::move(kept));
  return make_generator(iterate(list, budget), list);
}

constexpr auto kFilters = std::to_array<std::pair<std::string_view, Filter>>({
    {"count", count},
    {"dictsort", sort_dict},
    {"first", first},
    {"items", items},
    {"join", join},
    {"last", last},
    {"length", count},
    {"list", to_list},
    {"map", map},
    {"reject", select_filter<false, Keep::others>},
    {"rejectattr", select_filter<true, Keep::others>},
    {"reverse", reverse},
    {"select", select_filter<false, Keep::matching>},
    {"selectattr", select_filter<true, Keep::matching>},
    {"sort", sort},
    {"unique", unique},
});

}  // namespace

Filter find_sequence_filter(std::string_view name) {
  const auto* found = std::find_if(kFilters.begin(), kFilters.end(),
                                   [name](const auto& entry) { return entry.first == name; });
  return found != kFilters.end() ? found->second : nullptr;
}

}  // namespace grpo::policy::jinja
