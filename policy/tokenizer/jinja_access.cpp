// Attributes, items and slices: the access half of jinja_operators.h.

#include <algorithm>
#include <array>

#include "policy/tokenizer/jinja_format.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

template <size_t N>
bool is_among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether the Python object has an attribute of this name, which then hides a key of a dict.
bool has_python_attribute(const Value& object, std::string_view name) {
  static constexpr std::array<std::string_view, 47> kText = {
      "capitalize",   "casefold",    "center",    "count",      "encode",       "endswith",
      "expandtabs",   "find",        "format",    "format_map", "index",        "isalnum",
      "isalpha",      "isascii",     "isdecimal", "isdigit",    "isidentifier", "islower",
      "isnumeric",    "isprintable", "isspace",   "istitle",    "isupper",      "join",
      "ljust",        "lower",       "lstrip",    "maketrans",  "partition",    "removeprefix",
      "removesuffix", "replace",     "rfind",     "rindex",     "rjust",        "rpartition",
      "rsplit",       "rstrip",      "split",     "splitlines", "startswith",   "strip",
      "swapcase",     "title",       "translate", "upper",      "zfill"};
  static constexpr std::array<std::string_view, 11> kDict = {
      "clear", "copy",    "fromkeys",   "get",    "items", "keys",
      "pop",   "popitem", "setdefault", "update", "values"};
  static constexpr std::array<std::string_view, 11> kList = {"append", "clear",   "copy",   "count",
                                                             "extend", "index",   "insert", "pop",
                                                             "remove", "reverse", "sort"};
  static constexpr std::array<std::string_view, 2> kTuple = {"count", "index"};
  static constexpr std::array<std::string_view, 5> kRange = {"count", "index", "start", "step",
                                                             "stop"};
  static constexpr std::array<std::string_view, 2> kView = {"isdisjoint", "mapping"};
  static constexpr std::array<std::string_view, 14> kNumber = {
      "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
      "from_bytes",       "fromhex",   "hex",        "imag",      "is_integer",
      "numerator",        "real",      "to_bytes",   "is_integer"};
  static constexpr std::array<std::string_view, 4> kMacro = {"arguments", "caller", "catch_kwargs",
                                                             "name"};
  if (object.text() != nullptr) return is_among(kText, name);
  if (object.dict() != nullptr) return is_among(kDict, name);
  if (object.is_number()) return is_among(kNumber, name);
  if (object.is<Macro>()) return is_among(kMacro, name);
  if (const Sequence* sequence = object.sequence()) {
    switch (sequence->kind) {
      case Sequence::Kind::list:
        return is_among(kList, name);
      case Sequence::Kind::tuple:
        return is_among(kTuple, name);
      case Sequence::Kind::range:
        return is_among(kRange, name);
      default:
        return is_among(kView, name);
    }
  }
  return false;
}

Value python_attribute(const Value& object, const std::string& name) {
  return Value(Value::Variant(std::make_shared<const Method>(Method{object, name})));
}

std::string_view object_name(const Value& object) {
  if (object.is<None>()) return "None";
  return type_name(object);
}

Value missing_attribute(const Value& object, std::string_view name) {
  return Value::undefined(fmt::format("UndefinedError: '{}{}' has no attribute '{}'",
                                      object_name(object), object.is<None>() ? "" : " object",
                                      name));
}

std::optional<Value> loop_attribute(LoopState& loop, std::string_view name, Budget& budget) {
  if (name == "index") return Value(loop.index0 + 1);
  if (name == "index0") return Value(loop.index0);
  if (name == "first") return Value(loop.index0 == 0);
  if (name == "last") return Value(loop.is_last());
  if (name == "length") return Value(loop.count(budget));
  if (name == "revindex") return Value(loop.count(budget) - loop.index0);
  if (name == "revindex0") return Value(loop.count(budget) - loop.index0 - 1);
  if (name == "depth") return Value(int64_t{1});  // of recursive loops, which are refused
  if (name == "depth0") return Value(int64_t{0});
  if (name == "previtem") {
    return loop.before ? *loop.before
                       : Value::undefined("UndefinedError: there is no previous item");
  }
  if (name == "nextitem") {
    return loop.is_last() ? Value::undefined("UndefinedError: there is no next item") : *loop.after;
  }
  return std::nullopt;
}

std::optional<Value> attribute(const Value& object, const std::string& name, Budget& budget) {
  if (name.starts_with("__")) fail("SecurityError: access to attribute '{}' is unsafe", name);
  if (const auto* loop = object.get<std::shared_ptr<LoopState>>()) {
    if (name == "changed" || name == "cycle") return python_attribute(object, name);
    return loop_attribute(**loop, name, budget);
  }
  if (const auto* found = object.get<Namespace*>()) {
    for (const auto& [key, value] : (*found)->attributes) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
  if (has_python_attribute(object, name)) return python_attribute(object, name);
  return std::nullopt;
}

std::optional<Value> item(const Value& object, const Value& index, Budget& budget) {
  if (const Dict* dict = object.dict()) {
    if (index.sequence() != nullptr || index.dict() != nullptr) return std::nullopt;
    const Value* found = find(*dict, index, budget);
    return found != nullptr ? std::optional<Value>(*found) : std::nullopt;
  }
  const auto position = index.as_integer();
  const Sequence* sequence = object.sequence();
  const bool has_items =
      object.text() != nullptr || (sequence != nullptr && sequence->has_subscript());
  if (!position || !has_items) return std::nullopt;
  const int64_t count = length(object);
  const int64_t at = *position < 0 ? *position + count : *position;
  if (at < 0 || at >= count) return std::nullopt;
  if (sequence != nullptr) return sequence->items[static_cast<size_t>(at)];
  const std::string& text = *object.text();
  budget.spend(1 + text.size() / 64);
  size_t offset = 0;
  for (int64_t i = 0; i < at; ++i) offset += code_point_bytes(text, offset);
  std::string found = text.substr(offset, code_point_bytes(text, offset));
  return object.is_markup() ? Value::markup(std::move(found)) : Value(std::move(found));
}

/// The positions that Python's slice takes of `count` items.
std::vector<size_t> slice_positions(int64_t count, const Value& start, const Value& stop,
                                    const Value& step_value, Budget& budget) {
  const auto integer = [](const Value& value, int64_t fallback) {
    if (value.is<None>()) return fallback;
    require_defined(value);
    const auto given = value.as_integer();
    if (!given) fail("TypeError: slice indices must be integers or None");
    return *given;
  };
  const int64_t step = integer(step_value, 1);
  if (step == 0) fail("ValueError: slice step cannot be zero");
  const int64_t lowest = step > 0 ? 0 : -1;
  const int64_t highest = step > 0 ? count : count - 1;
  const auto bound = [&](const Value& value, int64_t fallback) {
    if (value.is<None>()) return fallback;
    int64_t given = integer(value, 0);
    if (given < 0) given += count;
    return std::clamp(given, lowest, highest);
  };
  int64_t at = bound(start, step > 0 ? lowest : highest);
  const int64_t end = bound(stop, step > 0 ? highest : lowest);
  std::vector<size_t> positions;
  while (step > 0 ? at < end : at > end) {
    budget.spend();
    positions.push_back(static_cast<size_t>(at));
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return positions;
}

}  // namespace

Value get_attribute(const Value& object, const std::string& name, Budget& budget) {
  require_defined(object);
  if (auto value = attribute(object, name, budget)) return *value;
  if (object.dict() != nullptr) {
    if (auto value = item(object, Value(name), budget)) return *value;
  }
  return missing_attribute(object, name);
}

Value get_item(const Value& object, const Value& index, Budget& budget) {
  require_defined(object);
  if (auto value = item(object, index, budget)) return *value;
  if (const std::string* name = index.text()) {
    if (auto value = attribute(object, *name, budget)) return *value;
    return missing_attribute(object, *name);
  }
  return Value::undefined(fmt::format("UndefinedError: {} object has no element {}",
                                      object_name(object), repr(index, budget)));
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step,
                Budget& budget) {
  require_defined(object);
  if (const std::string* text = object.text()) {
    const std::u32string all = to_code_points(*text);
    budget.spend_text(text->size());
    std::u32string part;
    for (const size_t i :
         slice_positions(static_cast<int64_t>(all.size()), start, stop, step, budget)) {
      part += all[i];
    }
    std::string taken = from_code_points(part);
    return object.is_markup() ? Value::markup(std::move(taken)) : Value(std::move(taken));
  }
  const Sequence* sequence = object.sequence();
  if (sequence == nullptr || !sequence->has_subscript()) {
    fail("TypeError: '{}' object is not subscriptable", type_name(object));
  }
  std::vector<Value> items;
  for (const size_t i : slice_positions(length(object), start, stop, step, budget)) {
    items.push_back(sequence->items[i]);
  }
  return Value(Value::Variant(std::make_shared<const Sequence>(sequence->kind, std::move(items))));
}

}  // namespace grpo::policy::jinja
