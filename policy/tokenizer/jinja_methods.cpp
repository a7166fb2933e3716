#include "policy/tokenizer/jinja_methods.h"

#include <algorithm>
#include <array>

#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

// A parameter that begins with '/' cannot be given by name, as in most methods of str.

using TextMethod = Value (*)(const std::string& text, const Arguments& arguments, Budget& budget);

template <std::string (*change)(std::string_view)>
Value change_text(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments none("method", arguments, {});
  return Value(change(text));
}

template <Side side>
Value strip_text(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("strip", arguments, {"/chars"});
  return Value(std::string(strip(text, side, bound.text("/chars"))));
}

Value list_of_texts(std::vector<std::string> parts, Budget& budget) {
  budget.spend(parts.size());
  std::vector<Value> items;
  items.reserve(parts.size());
  for (std::string& part : parts) items.emplace_back(std::move(part));
  return Value::list(std::move(items));
}

Value split_text(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("split", arguments, {"sep", "maxsplit"});
  const auto separator = bound.text("sep");
  if (separator && separator->empty()) fail("ValueError: empty separator");
  return list_of_texts(split(text, separator, bound.integer("maxsplit", -1)), budget);
}

Value split_text_right(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("rsplit", arguments, {"sep", "maxsplit"});
  const auto separator = bound.text("sep");
  const int64_t max_splits = bound.integer("maxsplit", -1);
  if (!separator) {
    if (max_splits >= 0) fail("rsplit: maxsplit without sep is not supported");
    return list_of_texts(split(text, separator), budget);
  }
  if (separator->empty()) fail("ValueError: empty separator");
  return list_of_texts(split_right(text, *separator, max_splits), budget);
}

Value split_text_lines(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("splitlines", arguments, {"keepends"});
  if (bound.flag("keepends", false)) fail("splitlines: keepends is not supported");
  return list_of_texts(split_lines(text), budget);
}

/// startswith, endswith: of one text, or of any in a tuple.
template <bool (*matches)(std::string_view, std::string_view)>
Value affix(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("startswith, endswith", arguments, {"/affix"});
  const Value& wanted = bound.require("/affix");
  if (wanted.text() != nullptr) return Value(matches(text, *wanted.text()));
  const Sequence* tuple = wanted.sequence();
  if (tuple == nullptr || tuple->kind != Sequence::Kind::tuple) {
    fail("TypeError: startswith, endswith: expected a str or a tuple of str, got '{}'",
         type_name(wanted));
  }
  for (const Value& item : tuple->items) {
    budget.spend();
    if (item.text() == nullptr) fail("TypeError: startswith, endswith: expected a tuple of str");
    if (matches(text, *item.text())) return Value(true);
  }
  return Value(false);
}
bool starts_with(std::string_view text, std::string_view part) { return text.starts_with(part); }
bool ends_with(std::string_view text, std::string_view part) { return text.ends_with(part); }

const std::string& required_text(const BoundArguments& bound, std::string_view parameter) {
  const Value& value = bound.require(parameter);
  if (value.text() == nullptr) {
    require_defined(value);
    fail("TypeError: expected a str, got '{}'", type_name(value));
  }
  return *value.text();
}

Value replace_text(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("replace", arguments, {"/old", "/new", "/count"});
  const std::string& from = required_text(bound, "/old");
  const std::string& to = required_text(bound, "/new");
  spend_replacement(text, from, to, budget);
  return Value(replace_all(text, from, to, bound.integer("/count", -1)));
}

Value remove_prefix(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("removeprefix", arguments, {"/prefix"});
  const std::string& prefix = required_text(bound, "/prefix");
  return Value(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}

Value remove_suffix(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("removesuffix", arguments, {"/suffix"});
  const std::string& suffix = required_text(bound, "/suffix");
  return Value(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

Value count_text(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("count", arguments, {"/sub"});
  return Value::integer(count_matches(text, required_text(bound, "/sub")));
}

template <bool from_right>
Value find_text(const std::string& text, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("find", arguments, {"/sub"});
  const std::string& part = required_text(bound, "/sub");
  const size_t at = from_right ? text.rfind(part) : text.find(part);
  if (at == std::string::npos) return Value(int64_t{-1});
  return Value::integer(count_code_points(std::string_view(text).substr(0, at)));
}

Value join_texts(const std::string& text, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("join", arguments, {"/iterable"});
  std::string out;
  bool is_first = true;
  const Next next = iterate(bound.require("/iterable"), budget);
  while (const auto item = next()) {
    if (item->text() == nullptr) {
      fail("TypeError: join: expected str items, found '{}'", type_name(*item));
    }
    if (item->is_markup()) fail("join of Markup is not supported");
    if (!is_first) out += text;
    is_first = false;
    out += *item->text();
    budget.spend_text(text.size() + item->text()->size());
  }
  return Value(std::move(out));
}

constexpr auto kTextMethods = std::to_array<std::pair<std::string_view, TextMethod>>({
    {"capitalize", change_text<capitalize>},
    {"count", count_text},
    {"endswith", affix<ends_with>},
    {"find", find_text<false>},
    {"join", join_texts},
    {"lower", change_text<to_lower>},
    {"lstrip", strip_text<Side::left>},
    {"removeprefix", remove_prefix},
    {"removesuffix", remove_suffix},
    {"replace", replace_text},
    {"rfind", find_text<true>},
    {"rsplit", split_text_right},
    {"rstrip", strip_text<Side::right>},
    {"split", split_text},
    {"splitlines", split_text_lines},
    {"startswith", affix<starts_with>},
    {"strip", strip_text<Side::both>},
    {"title", change_text<to_title>},
    {"upper", change_text<to_upper>},
});

Value dict_view(const Dict& dict, Sequence::Kind kind, Budget& budget) {
  budget.spend(dict.items.size());
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items) {
    items.push_back(kind == Sequence::Kind::keys     ? key
                    : kind == Sequence::Kind::values ? value
                                                     : Value::tuple({key, value}));
  }
  return Value(Value::Variant(std::make_shared<const Sequence>(kind, std::move(items))));
}

std::optional<Value> call_dict(const Value& receiver, const std::string& name,
                               const Arguments& arguments, Budget& budget) {
  const Dict& dict = *receiver.dict();
  if (name == "get") {
    const BoundArguments bound("get", arguments, {"/key", "/default"});
    const Value& key = bound.require("/key");
    if (key.dict() != nullptr || key.sequence() != nullptr) {
      fail("TypeError: unhashable type: '{}'", type_name(key));
    }
    if (const Value* found = find(dict, key, budget)) return *found;
    const Value* fallback = bound.get("/default");
    return fallback != nullptr ? *fallback : Value();
  }
  const BoundArguments none(name, arguments, {});
  if (name == "items") return dict_view(dict, Sequence::Kind::items, budget);
  if (name == "keys") return dict_view(dict, Sequence::Kind::keys, budget);
  if (name == "values") return dict_view(dict, Sequence::Kind::values, budget);
  if (name == "copy") return receiver;
  return std::nullopt;
}

Value call_loop(LoopState& loop, const std::string& name, const Arguments& arguments,
                Budget& budget) {
  if (!arguments.named.empty()) fail("TypeError: loop.{} takes no named arguments", name);
  if (name == "cycle") {
    if (arguments.positional.empty()) fail("TypeError: no items for cycling given");
    const auto at = static_cast<size_t>(std::max<int64_t>(loop.index0, 0));
    return arguments.positional[at % arguments.positional.size()];
  }
  Value now = Value::tuple(arguments.positional);
  const bool changed = !loop.last_changed || !equal(*loop.last_changed, now, budget);
  loop.last_changed = std::move(now);
  return Value(changed);
}

}  // namespace

Value call_method(const Method& method, const Arguments& arguments, Budget& budget) {
  const Value& receiver = method.receiver;
  if (const std::string* text = receiver.text(); text != nullptr && !receiver.is_markup()) {
    const auto* found = std::find_if(kTextMethods.begin(), kTextMethods.end(),
                                     [&](const auto& entry) { return entry.first == method.name; });
    if (found != kTextMethods.end()) {
      budget.spend_text(text->size());
      return found->second(*text, arguments, budget);
    }
  }
  if (receiver.dict() != nullptr) {
    if (auto result = call_dict(receiver, method.name, arguments, budget)) return *result;
  }
  if (const auto* loop = receiver.get<std::shared_ptr<LoopState>>()) {
    return call_loop(**loop, method.name, arguments, budget);
  }
  fail("the method '{}' of '{}' is not supported", method.name, type_name(receiver));
}

void spend_replacement(std::string_view text, std::string_view from, std::string_view to,
                       Budget& budget) {
  const size_t matches = count_matches(text, from);
  if (!to.empty() && matches > Budget::kMaxText / to.size()) {
    budget.spend_text(Budget::kMaxText + 1);
  }
  budget.spend_text(text.size() + matches * to.size());
}

}  // namespace grpo::policy::jinja
