#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace grpo::policy {

/// A chat template failed while it was rendered: raise_exception, use of an undefined value, an
/// operation on wrong types, or a bound (steps, text, depth) exceeded. Bad input: exit code 2.
class TemplateError : public Error {
 public:
  explicit TemplateError(const std::string& message) : Error(message, 2) {}
};

namespace jinja {

/// Throws TemplateError with the formatted message; the evaluator adds name:line:column.
template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw TemplateError(fmt::format(format, std::forward<Args>(args)...));
}

inline constexpr int kMaxDepth = 200;  ///< of lists in lists, of generators over generators

/// What one rendering may use. A template is foreign code: every loop over its data spends here.
class Budget {
 public:
  void spend(size_t steps = 1) {
    steps_ += steps;
    if (steps_ > kMaxSteps) fail("more than {} steps", kMaxSteps);
  }
  /// For every text made, also temporary ones.
  void spend_text(size_t bytes) {
    if (bytes > kMaxText) fail("a text of more than {} bytes", kMaxText);
    text_ += bytes;
    if (text_ > kMaxTotalText) fail("more than {} bytes of text in all", kMaxTotalText);
  }

  static constexpr size_t kMaxSteps = 10'000'000;
  static constexpr size_t kMaxText = size_t{64} << 20;
  static constexpr size_t kMaxTotalText = size_t{1} << 30;

 private:
  size_t steps_ = 0;
  size_t text_ = 0;
};

class Value;
struct Sequence;
struct Dict;
struct Generator;
struct Method;
struct Namespace;
struct LoopState;
struct Statement;

/// jinja2.Undefined: prints as nothing, is false and empty; most other uses fail with `why`.
struct Undefined {
  std::shared_ptr<const std::string> why;
};
struct None {};
/// UTF-8. `markup` is the result of the `safe` filter (markupsafe.Markup).
struct Text {
  std::shared_ptr<const std::string> bytes;
  bool markup = false;
};
enum class Function { range, dict, make_namespace, raise_exception, strftime_now };
/// A macro of the template; the parsed template outlives every value.
struct Macro {
  const Statement* definition;
};

/// A Python value as a template sees it. Cheap to copy; containers are immutable and shared, as
/// in the sandbox. Integers are 64-bit: a result that does not fit is an error.
class Value {
 public:
  using Variant = std::variant<Undefined, None, bool, int64_t, double, Text,
                               std::shared_ptr<const Sequence>, std::shared_ptr<const Dict>,
                               std::shared_ptr<Generator>, std::shared_ptr<const Method>,
                               std::shared_ptr<LoopState>, Namespace*, Macro, Function>;

  Value() : data_(None{}) {}
  explicit Value(bool value) : data_(value) {}
  explicit Value(int64_t value) : data_(value) {}
  explicit Value(double value) : data_(value) {}
  explicit Value(std::string text)
      : data_(Text{std::make_shared<const std::string>(std::move(text))}) {}
  explicit Value(Variant data) : data_(std::move(data)) {}

  static Value undefined(std::string why) {
    return Value(Variant(Undefined{std::make_shared<const std::string>(std::move(why))}));
  }
  static Value integer(size_t value) { return Value(static_cast<int64_t>(value)); }
  static Value markup(std::string text) {
    return Value(Variant(Text{std::make_shared<const std::string>(std::move(text)), true}));
  }
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value dict(std::vector<std::pair<Value, Value>> items);  ///< keys are distinct

  template <class T>
  const T* get() const {
    return std::get_if<T>(&data_);
  }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  const std::string* text() const { return is<Text>() ? get<Text>()->bytes.get() : nullptr; }
  const Sequence* sequence() const;
  const Dict* dict() const;
  bool is_markup() const { return is<Text>() && get<Text>()->markup; }
  bool is_number() const { return is<bool>() || is<int64_t>() || is<double>(); }
  /// The value of an int or, as in Python, of a bool.
  std::optional<int64_t> as_integer() const;
  const Variant& data() const { return data_; }

 private:
  Variant data_;
};

/// A list and what behaves nearly like one.
struct Sequence {
  enum class Kind { list, tuple, range, keys, values, items };
  Sequence(Kind kind_of, std::vector<Value> values);  ///< fails when nested too deeply
  Kind kind;
  std::vector<Value> items;
  int depth;

  bool has_subscript() const { return kind <= Kind::range; }
};

/// In order of insertion. Lookup is linear: the dicts of chats are small.
struct Dict {
  explicit Dict(std::vector<std::pair<Value, Value>> values);  ///< fails when nested too deeply
  std::vector<std::pair<Value, Value>> items;
  int depth;
};

/// The next item, or nothing at the end.
using Next = std::function<std::optional<Value>()>;

/// A Python generator: lazy, can be walked once.
struct Generator {
  Next next;
  int depth;
};

struct Method {
  Value receiver;
  std::string name;
};

/// The result of namespace(). Owned by the evaluator, so that cycles through it do no harm.
struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
};

/// jinja2's LoopContext: what `loop` is. Reads at most one item ahead, or all for `length`.
struct LoopState {
  Next next;
  int64_t index0 = -1;
  std::optional<int64_t> length;
  std::optional<Value> before, current, after;
  std::optional<Value> last_changed;  ///< arguments of the last loop.changed(...)

  bool advance();
  bool is_last();
  int64_t count(Budget& budget);
};

/// A generator of `next` over `source`; fails when generators are nested too deeply.
Value make_generator(Next next, const Value& source);
/// Python's iter(value): fails when it has none.
Next iterate(const Value& value, Budget& budget);
std::vector<Value> to_vector(const Value& value, Budget& budget);
/// Python's len(value).
int64_t length(const Value& value);

bool truthy(const Value& value);
std::string_view type_name(const Value& value);  ///< as Python's errors say it
int depth(const Value& value);

bool equal(const Value& a, const Value& b, Budget& budget);
/// Python's a < b: fails on types without an order.
bool less(const Value& a, const Value& b, Budget& budget);
/// The value of a key, or null.
const Value* find(const Dict& dict, const Value& key, Budget& budget);

}  // namespace jinja
}  // namespace grpo::policy
