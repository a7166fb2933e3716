#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "policy/tokenizer/jinja_filters.h"
#include "policy/tokenizer/jinja_format.h"
#include "policy/tokenizer/jinja_methods.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

/// A new text that is Markup where the subject was.
Value text_like(const Value& subject, std::string text) {
  return subject.is_markup() ? Value::markup(std::move(text)) : Value(std::move(text));
}

template <std::string (*change)(std::string_view)>
Value change_text(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("filter", arguments, {});
  return text_like(subject, change(to_text(subject, budget)));
}

Value trim(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("trim", arguments, {"chars"});
  const std::string text = to_text(subject, budget);
  return text_like(subject, std::string(strip(text, Side::both, bound.text("chars"))));
}

Value title(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("title", arguments, {});
  return Value(title_words(to_text(subject, budget)));
}

Value to_string(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("string", arguments, {});
  return subject.text() != nullptr ? subject : Value(to_text(subject, budget));
}

Value safe(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("safe", arguments, {});
  return Value::markup(to_text(subject, budget));
}

Value replace_text(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("replace", arguments, {"old", "new", "count"});
  const std::string from = to_text(bound.require("old"), budget);
  const std::string to = to_text(bound.require("new"), budget);
  const Value* count = bound.get("count");
  const int64_t limit =
      count == nullptr || count->is<None>() ? kNoLimit : bound.integer("count", kNoLimit);
  const std::string text = to_text(subject, budget);
  spend_replacement(text, from, to, budget);
  return Value(replace_all(text, from, to, limit));
}

Value indent(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("indent", arguments, {"width", "first", "blank"});
  if (subject.text() == nullptr) {
    require_defined(subject);
    fail("TypeError: indent: expected a str, got '{}'", type_name(subject));
  }
  const Value* width = bound.get("width");
  std::string indentation;
  if (width != nullptr && width->text() != nullptr) {
    indentation = *width->text();
  } else {
    const int64_t spaces = std::max<int64_t>(bound.integer("width", 4), 0);
    budget.spend_text(static_cast<size_t>(spaces));
    indentation.assign(static_cast<size_t>(spaces), ' ');
  }
  const bool blank = bound.flag("blank", false);
  const std::vector<std::string> lines = split_lines(std::string(*subject.text()).append("\n"));
  std::string out = bound.flag("first", false) ? indentation : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (blank || !lines[i].empty())) {
      budget.spend_text(indentation.size());
      out += indentation;
    }
    out += lines[i];
  }
  budget.spend_text(out.size());
  return text_like(subject, std::move(out));
}

Value to_json_text(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("tojson", arguments,
                             {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag("ensure_ascii", false);
  style.sort_keys = bound.flag("sort_keys", false);
  const Value* indent_value = bound.get("indent");
  if (indent_value != nullptr && !indent_value->is<None>()) {
    style.item_separator = std::string(",");  // g++ 12 warns wrongly of a plain literal here
    if (indent_value->text() != nullptr) {
      style.newline_indent = *indent_value->text();
    } else {
      const int64_t spaces = std::clamp<int64_t>(bound.integer("indent", 0), 0, 1000);
      style.newline_indent = std::string(static_cast<size_t>(spaces), ' ');
    }
  }
  const Value* separators = bound.get("separators");
  if (separators != nullptr && !separators->is<None>()) {
    const std::vector<Value> two = to_vector(*separators, budget);
    if (two.size() != 2 || two[0].text() == nullptr || two[1].text() == nullptr) {
      fail("TypeError: tojson(separators): expected two texts");
    }
    style.item_separator = *two[0].text();
    style.key_separator = *two[1].text();
  }
  return Value(to_json(subject, style, budget));
}

Value default_value(const Value& subject, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("default", arguments, {"default_value", "boolean"});
  const bool replaces =
      subject.is<Undefined>() || (bound.flag("boolean", false) && !truthy(subject));
  if (!replaces) return subject;
  const Value* fallback = bound.get("default_value");
  return fallback != nullptr ? *fallback : Value(std::string());
}

/// Python's float(text), or nothing.
std::optional<double> parse_real(std::string_view text) {
  text = strip(text, Side::both);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return std::nullopt;
  }
  if (text.find('_') != std::string_view::npos) fail("numbers with _ are not supported");
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) fail("a number out of range");
  if (error != std::errc() || end != text.data() + text.size() ||
      text.find('(') != std::string_view::npos) {
    return std::nullopt;
  }
  return value;
}

/// Python's int(text), or nothing; fails above 64 bits.
std::optional<int64_t> parse_integer(std::string_view text) {
  text = strip(text, Side::both);
  if (!text.empty() && text[0] == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '-') return std::nullopt;
  }
  if (text.find('_') != std::string_view::npos) fail("numbers with _ are not supported");
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error != std::errc()) fail("an integer that does not fit 64 bits");
  return value;
}

std::optional<int64_t> truncate(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (std::fabs(value) >= 0x1p63) fail("an integer that does not fit 64 bits");
  return static_cast<int64_t>(value);
}

Value to_integer(const Value& subject, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("int", arguments, {"default", "base"});
  require_defined(subject);
  if (bound.integer("base", 10) != 10) fail("int: a base other than 10 is not supported");
  std::optional<int64_t> result = subject.as_integer();
  if (const double* real = subject.get<double>()) {
    if (std::isinf(*real)) fail("OverflowError: cannot convert float infinity to integer");
    result = truncate(*real);
  } else if (const std::string* text = subject.text()) {
    result = parse_integer(*text);
    if (!result) {
      if (const auto parsed = parse_real(*text)) result = truncate(*parsed);
    }
  }
  if (result) return Value(*result);
  const Value* fallback = bound.get("default");
  return fallback != nullptr ? *fallback : Value(int64_t{0});
}

Value to_float(const Value& subject, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments bound("float", arguments, {"default"});
  require_defined(subject);
  if (subject.is<double>()) return subject;
  if (const auto integer = subject.as_integer()) return Value(static_cast<double>(*integer));
  if (subject.text() != nullptr) {
    if (const auto real = parse_real(*subject.text())) return Value(*real);
  }
  const Value* fallback = bound.get("default");
  return fallback != nullptr ? *fallback : Value(0.0);
}

Value absolute(const Value& subject, const Arguments& arguments, Budget& budget) {
  const BoundArguments none("abs", arguments, {});
  require_defined(subject);
  if (!subject.is_number()) fail("TypeError: bad operand type for abs(): '{}'", type_name(subject));
  if (const double* real = subject.get<double>()) return Value(std::fabs(*real));
  return less(subject, Value(int64_t{0}), budget) ? negate(subject) : plus_sign(subject);
}

constexpr auto kFilters = std::to_array<std::pair<std::string_view, Filter>>({
    {"abs", absolute},
    {"capitalize", change_text<capitalize>},
    {"d", default_value},
    {"default", default_value},
    {"float", to_float},
    {"indent", indent},
    {"int", to_integer},
    {"lower", change_text<to_lower>},
    {"replace", replace_text},
    {"safe", safe},
    {"string", to_string},
    {"title", title},
    {"tojson", to_json_text},
    {"trim", trim},
    {"upper", change_text<to_upper>},
});

}  // namespace

Filter find_scalar_filter(std::string_view name) {
  const auto* found = std::find_if(kFilters.begin(), kFilters.end(),
                                   [name](const auto& entry) { return entry.first == name; });
  return found != kFilters.end() ? found->second : nullptr;
}

Filter find_filter(std::string_view name) {
  const Filter filter = find_scalar_filter(name);
  return filter != nullptr ? filter : find_sequence_filter(name);
}

}  // namespace grpo::policy::jinja
