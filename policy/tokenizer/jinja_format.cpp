#include "policy/tokenizer/jinja_format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

std::string repr_text(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool twofold = text.find('"') != std::string_view::npos;
  const char quote = single && !twofold ? '"' : '\'';
  std::string out(1, quote);
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = code_point_bytes(text, i);
    const char32_t c = code_point_at(text, i);
    if (c == static_cast<char32_t>(quote) || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      out += text.substr(i, bytes);
    } else if (c < 0x100) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
    } else if (c < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
    i += bytes;
  }
  return out += quote;
}

std::string repr_sequence(const Sequence& sequence, Budget& budget) {
  std::string inside;
  for (const Value& item : sequence.items) {
    if (!inside.empty()) inside += ", ";
    const std::string text = repr(item, budget);
    budget.spend_text(text.size());
    inside += text;
  }
  switch (sequence.kind) {
    case Sequence::Kind::list:
      return '[' + inside + ']';
    case Sequence::Kind::tuple:
      return '(' + inside + (sequence.items.size() == 1 ? ",)" : ")");
    case Sequence::Kind::keys:
      return "dict_keys([" + inside + "])";
    case Sequence::Kind::values:
      return "dict_values([" + inside + "])";
    case Sequence::Kind::items:
      return "dict_items([" + inside + "])";
    case Sequence::Kind::range:
      break;
  }
  fail("printing a range is not supported");
}

std::string repr_dict(const Dict& dict, Budget& budget) {
  std::string out = "{";
  for (const auto& [key, value] : dict.items) {
    if (out.size() > 1) out += ", ";
    const std::string text = repr(key, budget) + ": " + repr(value, budget);
    budget.spend_text(text.size());
    out += text;
  }
  return out += '}';
}

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {}

  void write(const Value& value, size_t level) {
    budget_.spend();
    if (value.is<None>()) {
      out_ += "null";
    } else if (const bool* boolean = value.get<bool>()) {
      out_ += *boolean ? "true" : "false";
    } else if (const int64_t* integer = value.get<int64_t>()) {
      out_ += std::to_string(*integer);
    } else if (const double* real = value.get<double>()) {
      out_ += number(*real);
    } else if (const std::string* text = value.text()) {
      write_text(*text);
    } else if (const Sequence* sequence = value.sequence();
               sequence != nullptr && sequence->kind <= Sequence::Kind::tuple) {
      write_list(*sequence, level);
    } else if (const Dict* dict = value.dict()) {
      write_dict(*dict, level);
    } else {
      fail("TypeError: Object of type {} is not JSON serializable", type_name(value));
    }
  }

  std::string take() { return std::move(out_); }

 private:
  static std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
    return format_double(value);
  }

  void write_list(const Sequence& list, size_t level) {
    if (list.items.empty()) {
      out_ += "[]";
      return;
    }
    char open = '[';
    for (const Value& item : list.items) {
      begin_item(open, level + 1);
      write(item, level + 1);
    }
    end(']', level);
  }

  void write_dict(const Dict& dict, size_t level) {
    if (dict.items.empty()) {
      out_ += "{}";
      return;
    }
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& item : dict.items) items.push_back(&item);
    if (style_.sort_keys) {
      std::stable_sort(items.begin(), items.end(), [this](const auto* a, const auto* b) {
        return less(a->first, b->first, budget_);
      });
    }
    char open = '{';
    for (const auto* item : items) {
      begin_item(open, level + 1);
      write_key(item->first);
      out_ += style_.key_separator;
      write(item->second, level + 1);
    }
    end('}', level);
  }

  void write_key(const Value& key) {
    if (key.text() != nullptr) {
      write_text(*key.text());
    } else if (key.is<None>() || key.is_number()) {
      out_ += '"';
      write(key, 0);
      out_ += '"';
    } else {
      fail("TypeError: keys must be str, int, float, bool or None, not {}", type_name(key));
    }
  }

  /// `open` is the bracket before the first item, then a comma.
  void begin_item(char& open, size_t level) {
    if (open == ',') {
      out_ += style_.item_separator;
    } else {
      out_ += open;
      open = ',';
    }
    new_line(level);
  }

  void end(char close, size_t level) {
    new_line(level);
    out_ += close;
  }

  void new_line(size_t level) {
    if (!style_.newline_indent) return;
    budget_.spend_text(style_.newline_indent->size() * level);
    out_ += '\n';
    for (size_t i = 0; i < level; ++i) out_ += *style_.newline_indent;
  }

  void write_text(std::string_view text) {
    out_ += '"';
    for (size_t i = 0; i < text.size();) {
      const size_t bytes = code_point_bytes(text, i);
      const char32_t c = code_point_at(text, i);
      write_code_point(c, text.substr(i, bytes));
      i += bytes;
    }
    out_ += '"';
    budget_.spend_text(text.size());
  }

  void write_code_point(char32_t c, std::string_view bytes) {
    static constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    static constexpr std::string_view kLetters = "\"\\bfnrt";
    const size_t found = c < 0x80 ? kEscaped.find(static_cast<char>(c)) : std::string_view::npos;
    if (found != std::string_view::npos) {
      out_ += '\\';
      out_ += kLetters[found];
    } else if (c >= 0x10000 && style_.ensure_ascii) {
      const auto rest = static_cast<uint32_t>(c) - 0x10000;
      out_ += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    } else if (c < 0x20 || (c > 0x7E && style_.ensure_ascii)) {
      out_ += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      out_ += bytes;
    }
  }

  const JsonStyle& style_;
  Budget& budget_;
  std::string out_;
};

}  // namespace

std::string format_double(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  std::string scientific(buffer, end);  // [-]d[.ddd]e[+-]xx
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return scientific;
  std::string fixed(
      buffer, std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed).ptr);
  if (fixed.find('.') == std::string::npos) fixed += ".0";
  return fixed;
}

std::string repr(const Value& value, Budget& budget) {
  budget.spend();
  if (const std::string* text = value.text()) {
    budget.spend_text(text->size());
    const std::string quoted = repr_text(*text);
    return value.is_markup() ? "Markup(" + quoted + ")" : quoted;
  }
  if (value.is<None>()) return "None";
  if (value.is<Undefined>()) return "Undefined";
  if (const bool* boolean = value.get<bool>()) return *boolean ? "True" : "False";
  if (const int64_t* integer = value.get<int64_t>()) return std::to_string(*integer);
  if (const double* real = value.get<double>()) return format_double(*real);
  if (const Sequence* sequence = value.sequence()) return repr_sequence(*sequence, budget);
  if (const Dict* dict = value.dict()) return repr_dict(*dict, budget);
  fail("printing a {} is not supported", type_name(value));
}

std::string to_text(const Value& value, Budget& budget) {
  if (const std::string* text = value.text()) {
    budget.spend_text(text->size());
    return *text;
  }
  if (value.is<Undefined>()) return "";
  return repr(value, budget);
}

std::string to_json(const Value& value, const JsonStyle& style, Budget& budget) {
  JsonWriter writer(style, budget);
  writer.write(value, 0);
  return writer.take();
}

}  // namespace grpo::policy::jinja
