#include "policy/tokenizer/jinja_functions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "policy/tokenizer/jinja_format.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

constexpr int64_t kMaxRange = 100'000;  // jinja2.sandbox.MAX_RANGE

Value make_range(const Arguments& arguments, Budget& budget) {
  const auto& given = arguments.positional;
  if (given.empty() || given.size() > 3 || !arguments.named.empty()) {
    fail("TypeError: range expects 1 to 3 arguments");
  }
  std::array<int64_t, 3> numbers{};
  for (size_t i = 0; i < given.size(); ++i) {
    require_defined(given[i]);
    const auto number = given[i].as_integer();
    if (!number) {
      fail("TypeError: range: '{}' object cannot be interpreted as an integer",
           type_name(given[i]));
    }
    numbers[i] = *number;
  }
  const int64_t start = given.size() == 1 ? 0 : numbers[0];
  const int64_t stop = given.size() == 1 ? numbers[0] : numbers[1];
  const int64_t step = given.size() == 3 ? numbers[2] : 1;
  if (step == 0) fail("ValueError: range() arg 3 must not be zero");
  std::vector<Value> items;
  for (int64_t at = start; step > 0 ? at < stop : at > stop;) {
    budget.spend();
    if (static_cast<int64_t>(items.size()) == kMaxRange) {
      fail("OverflowError: a range of more than {} items", kMaxRange);
    }
    items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at)) break;
  }
  return Value(
      Value::Variant(std::make_shared<const Sequence>(Sequence::Kind::range, std::move(items))));
}

/// Python's dict(mapping or pairs, **named).
std::vector<std::pair<Value, Value>> dict_items(const Arguments& arguments, Budget& budget) {
  if (arguments.positional.size() > 1) fail("TypeError: dict expected at most 1 argument");
  std::vector<std::pair<Value, Value>> items;
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional[0];
    if (source.dict() != nullptr) {
      items = source.dict()->items;
      budget.spend(items.size());
    } else {
      for (const Value& pair : to_vector(source, budget)) {
        std::vector<Value> two = to_vector(pair, budget);
        if (two.size() != 2) fail("ValueError: dict: expected pairs");
        insert(items, std::move(two[0]), std::move(two[1]), budget);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) insert(items, Value(name), value, budget);
  return items;
}

Value make_namespace(const Arguments& arguments, std::deque<Namespace>& namespaces,
                     Budget& budget) {
  Namespace& made = namespaces.emplace_back();
  for (auto& [key, value] : dict_items(arguments, budget)) {
    if (key.text() == nullptr) fail("namespace: a name is a str, not '{}'", type_name(key));
    set_attribute(made, *key.text(), std::move(value), budget);
  }
  return Value(Value::Variant(&made));
}

/// datetime.now().strftime(format): C's, but for the microseconds and the absent time zone.
std::string format_now(std::string_view format, Budget& budget) {
  using Clock = std::chrono::system_clock;
  const Clock::time_point now = Clock::now();
  const std::time_t seconds = Clock::to_time_t(now);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count() %
      1'000'000;
  std::tm local{};
  if (localtime_r(&seconds, &local) == nullptr) fail("strftime_now: no local time");
  std::string plain;
  for (size_t i = 0; i < format.size(); ++i) {
    const char next = format[i] == '%' && i + 1 < format.size() ? format[i + 1] : '\0';
    if (next == 'f') plain += fmt::format("{:06}", micros);
    if (next == 'f' || next == 'z' || next == 'Z') {
      ++i;
      continue;
    }
    plain += format[i];
    if (next != '\0') plain += format[++i];
  }
  if (plain.find('\0') != std::string::npos) fail("ValueError: embedded null character");
  // strftime tells an empty result and a short buffer apart only by a character that is always
  // there.
  plain += '.';
  std::string out(plain.size() * 16 + 256, '\0');  // no directive prints as much for its two bytes
  budget.spend_text(out.size());
  const size_t written = std::strftime(out.data(), out.size(), plain.c_str(), &local);
  if (written == 0) fail("strftime_now: the format prints too much");
  out.resize(written - 1);
  if (!is_valid_utf8(out)) fail("strftime_now: the format prints no UTF-8");
  return out;
}

}  // namespace

std::optional<Function> find_function(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Function>, 5> kFunctions = {
      {{"range", Function::range},
       {"dict", Function::dict},
       {"namespace", Function::make_namespace},
       {"raise_exception", Function::raise_exception},
       {"strftime_now", Function::strftime_now}}};
  static constexpr std::array<std::string_view, 7> kUnsupported = {
      "lipsum", "cycler", "joiner", "caller", "varargs", "kwargs", "self"};
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  if (std::find(kUnsupported.begin(), kUnsupported.end(), name) != kUnsupported.end()) {
    fail("'{}' is not supported", name);
  }
  return std::nullopt;
}

Value call_function(Function function, const Arguments& arguments,
                    std::deque<Namespace>& namespaces, Budget& budget) {
  switch (function) {
    case Function::range:
      return make_range(arguments, budget);
    case Function::dict:
      return Value::dict(dict_items(arguments, budget));
    case Function::make_namespace:
      return make_namespace(arguments, namespaces, budget);
    case Function::raise_exception: {
      const BoundArguments bound("raise_exception", arguments, {"message"});
      fail("TemplateError: {}", to_text(bound.require("message"), budget));
    }
    case Function::strftime_now: {
      const BoundArguments bound("strftime_now", arguments, {"format"});
      const auto format = bound.text("format");
      if (!format) fail("TypeError: strftime_now: expected a str");
      return Value(format_now(*format, budget));
    }
  }
  fail("unknown function");
}

void set_attribute(Namespace& target, const std::string& name, Value value, Budget& budget) {
  for (auto& [key, old] : target.attributes) {
    budget.spend();
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  target.attributes.emplace_back(name, std::move(value));
}

void insert(std::vector<std::pair<Value, Value>>& items, Value key, Value value, Budget& budget) {
  for (auto& [known, old] : items) {
    if (equal(known, key, budget)) {
      old = std::move(value);
      return;
    }
  }
  items.emplace_back(std::move(key), std::move(value));
}

}  // namespace grpo::policy::jinja
