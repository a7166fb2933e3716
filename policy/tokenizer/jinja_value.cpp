#include "policy/tokenizer/jinja_value.h"

#include <algorithm>

#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

int checked_depth(int deepest) {
  if (deepest >= kMaxDepth) fail("values nested deeper than {}", kMaxDepth);
  return deepest + 1;
}

int deepest_of(const std::vector<Value>& items) {
  int deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, depth(item));
  return deepest;
}

int deepest_of(const std::vector<std::pair<Value, Value>>& items) {
  int deepest = 0;
  for (const auto& [key, value] : items) deepest = std::max({deepest, depth(key), depth(value)});
  return deepest;
}

/// Exact for every int64 and double where long double has 64 bits of mantissa or more.
long double number(const Value& value) {
  if (const double* real = value.get<double>()) return *real;
  return static_cast<long double>(*value.as_integer());
}

bool equal_dicts(const Dict& a, const Dict& b, Budget& budget) {
  if (a.items.size() != b.items.size()) return false;
  return std::all_of(a.items.begin(), a.items.end(), [&](const auto& item) {
    const Value* other = find(b, item.first, budget);
    return other != nullptr && equal(item.second, *other, budget);
  });
}

}  // namespace

Sequence::Sequence(Kind kind_of, std::vector<Value> values)
    : kind(kind_of), items(std::move(values)), depth(checked_depth(deepest_of(items))) {}

Dict::Dict(std::vector<std::pair<Value, Value>> values)
    : items(std::move(values)), depth(checked_depth(deepest_of(items))) {}

Value Value::list(std::vector<Value> items) {
  return Value(Variant(std::make_shared<const Sequence>(Sequence::Kind::list, std::move(items))));
}

Value Value::tuple(std::vector<Value> items) {
  return Value(Variant(std::make_shared<const Sequence>(Sequence::Kind::tuple, std::move(items))));
}

Value Value::dict(std::vector<std::pair<Value, Value>> items) {
  return Value(Variant(std::make_shared<const Dict>(std::move(items))));
}

const Sequence* Value::sequence() const {
  const auto* pointer = get<std::shared_ptr<const Sequence>>();
  return pointer != nullptr ? pointer->get() : nullptr;
}

const Dict* Value::dict() const {
  const auto* pointer = get<std::shared_ptr<const Dict>>();
  return pointer != nullptr ? pointer->get() : nullptr;
}

std::optional<int64_t> Value::as_integer() const {
  if (const bool* boolean = get<bool>()) return *boolean ? 1 : 0;
  if (const int64_t* integer = get<int64_t>()) return *integer;
  return std::nullopt;
}

bool LoopState::advance() {
  std::optional<Value> item;
  if (after) {
    item = std::move(after);
    after.reset();
  } else if (next) {
    item = next();
  }
  if (!item) return false;
  ++index0;
  before = std::move(current);
  current = std::move(item);
  return true;
}

bool LoopState::is_last() {
  if (!after && next) after = next();
  return !after;
}

int64_t LoopState::count(Budget& budget) {
  if (length) return *length;
  std::vector<Value> rest;
  while (next) {
    std::optional<Value> item = next();
    if (!item) break;
    budget.spend();
    rest.push_back(std::move(*item));
  }
  length = index0 + 1 + static_cast<int64_t>(rest.size()) + (after ? 1 : 0);
  next = [rest = std::move(rest), i = size_t{0}]() mutable -> std::optional<Value> {
    if (i == rest.size()) return std::nullopt;
    return rest[i++];
  };
  return *length;
}

Value make_generator(Next next, const Value& source) {
  return Value(Value::Variant(
      std::make_shared<Generator>(Generator{std::move(next), checked_depth(depth(source))})));
}

Next iterate(const Value& value, Budget& budget) {
  if (value.is<Undefined>()) return [] { return std::optional<Value>(); };
  if (value.sequence() != nullptr) {
    return [&budget, all = *value.get<std::shared_ptr<const Sequence>>(),
            i = size_t{0}]() mutable -> std::optional<Value> {
      budget.spend();
      if (i == all->items.size()) return std::nullopt;
      return all->items[i++];
    };
  }
  if (value.dict() != nullptr) {
    return [&budget, all = *value.get<std::shared_ptr<const Dict>>(),
            i = size_t{0}]() mutable -> std::optional<Value> {
      budget.spend();
      if (i == all->items.size()) return std::nullopt;
      return all->items[i++].first;
    };
  }
  if (value.text() != nullptr) {
    return
        [&budget, all = value.get<Text>()->bytes, i = size_t{0}]() mutable -> std::optional<Value> {
          budget.spend();
          if (i == all->size()) return std::nullopt;
          const size_t begin = i;
          i += code_point_bytes(*all, i);
          return Value(all->substr(begin, i - begin));
        };
  }
  if (const auto* generator = value.get<std::shared_ptr<Generator>>()) {
    return [&budget, shared = *generator]() {
      budget.spend();
      return shared->next();
    };
  }
  fail("TypeError: '{}' object is not iterable", type_name(value));
}

std::vector<Value> to_vector(const Value& value, Budget& budget) {
  std::vector<Value> items;
  const Next next = iterate(value, budget);
  while (std::optional<Value> item = next()) items.push_back(std::move(*item));
  return items;
}

int64_t length(const Value& value) {
  if (value.is<Undefined>()) return 0;
  if (const Sequence* sequence = value.sequence()) {
    return static_cast<int64_t>(sequence->items.size());
  }
  if (const Dict* dict = value.dict()) return static_cast<int64_t>(dict->items.size());
  if (const std::string* text = value.text()) {
    return static_cast<int64_t>(count_code_points(*text));
  }
  fail("TypeError: object of type '{}' has no len()", type_name(value));
}

bool truthy(const Value& value) {
  if (value.is<Undefined>() || value.is<None>()) return false;
  if (const double* real = value.get<double>()) return *real != 0;
  if (const auto integer = value.as_integer()) return *integer != 0;
  if (const std::string* text = value.text()) return !text->empty();
  if (const Sequence* sequence = value.sequence()) return !sequence->items.empty();
  if (const Dict* dict = value.dict()) return !dict->items.empty();
  return true;
}

std::string_view type_name(const Value& value) {
  if (const Sequence* sequence = value.sequence()) {
    static constexpr std::string_view kNames[] = {"list",      "tuple",       "range",
                                                  "dict_keys", "dict_values", "dict_items"};
    return kNames[static_cast<int>(sequence->kind)];
  }
  if (value.is_markup()) return "Markup";
  static constexpr std::string_view kNames[] = {
      "Undefined", "NoneType",  "bool",   "int",         "float",     "str",   "list",
      "dict",      "generator", "method", "LoopContext", "Namespace", "Macro", "function"};
  static_assert(std::size(kNames) == std::variant_size_v<Value::Variant>);
  return kNames[value.data().index()];
}

int depth(const Value& value) {
  if (const Sequence* sequence = value.sequence()) return sequence->depth;
  if (const Dict* dict = value.dict()) return dict->depth;
  if (const auto* generator = value.get<std::shared_ptr<Generator>>()) return (*generator)->depth;
  if (const auto* method = value.get<std::shared_ptr<const Method>>()) {
    return depth((*method)->receiver) + 1;
  }
  return 0;
}

bool equal(const Value& a, const Value& b, Budget& budget) {
  budget.spend();
  if (a.is_number() && b.is_number()) return number(a) == number(b);
  if (a.data().index() != b.data().index()) return false;
  if (a.is<Undefined>() || a.is<None>()) return true;
  if (const std::string* text = a.text()) return *text == *b.text();
  if (const Sequence* left = a.sequence()) {
    const Sequence& right = *b.sequence();
    return left->kind == right.kind &&
           std::equal(left->items.begin(), left->items.end(), right.items.begin(),
                      right.items.end(),
                      [&](const Value& x, const Value& y) { return equal(x, y, budget); });
  }
  if (const Dict* left = a.dict()) return equal_dicts(*left, *b.dict(), budget);
  if (const auto* left = a.get<std::shared_ptr<Generator>>()) {
    return *left == *b.get<std::shared_ptr<Generator>>();
  }
  if (const auto* left = a.get<std::shared_ptr<LoopState>>()) {
    return *left == *b.get<std::shared_ptr<LoopState>>();
  }
  if (const auto* left = a.get<Namespace*>()) return *left == *b.get<Namespace*>();
  if (const auto* left = a.get<Macro>()) return left->definition == b.get<Macro>()->definition;
  if (const auto* left = a.get<Function>()) return *left == *b.get<Function>();
  fail("comparing methods is not supported");
}

bool less(const Value& a, const Value& b, Budget& budget) {
  budget.spend();
  if (a.is_number() && b.is_number()) return number(a) < number(b);
  // UTF-8 keeps the order of code points.
  if (a.text() != nullptr && b.text() != nullptr) return *a.text() < *b.text();
  const Sequence* left = a.sequence();
  const Sequence* right = b.sequence();
  if (left != nullptr && right != nullptr && left->kind == right->kind &&
      left->kind <= Sequence::Kind::tuple) {
    const size_t both = std::min(left->items.size(), right->items.size());
    for (size_t i = 0; i < both; ++i) {
      if (!equal(left->items[i], right->items[i], budget)) {
        return less(left->items[i], right->items[i], budget);
      }
    }
    return left->items.size() < right->items.size();
  }
  for (const Value* side : {&a, &b}) {
    if (const Undefined* undefined = side->get<Undefined>()) fail("{}", *undefined->why);
  }
  fail("TypeError: no order between '{}' and '{}'", type_name(a), type_name(b));
}

const Value* find(const Dict& dict, const Value& key, Budget& budget) {
  for (const auto& [name, value] : dict.items) {
    if (equal(name, key, budget)) return &value;
  }
  return nullptr;
}

}  // namespace grpo::policy::jinja
