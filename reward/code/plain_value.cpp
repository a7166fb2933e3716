#include "reward/code/plain_value.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace grpo::reward::code {
namespace {

constexpr int kMaxDepth = 100;  // a dict counts twice here: its pairs are lists
constexpr int kMaxParts = 200'000;

/// Writes one value; the kinds begin with different signs, texts carry their length, so no two
/// different values are written alike.
class Writer {
 public:
  explicit Writer(NumberTypes types) : strict_(types == NumberTypes::strict) {}

  bool write(const Json& value, int depth = 0) {
    if (depth > kMaxDepth || ++parts_ > kMaxParts) return false;
    switch (value.type()) {
      case Json::value_t::null:
        text += 'N';
        return true;
      case Json::value_t::boolean:
        if (strict_) {
          text += value.get<bool>() ? 'T' : 'F';
        } else {
          text += value.get<bool>() ? "i1;" : "i0;";
        }
        return true;
      case Json::value_t::number_integer:
      case Json::value_t::number_unsigned:
        text += fmt::format("i{};", value.dump());
        return true;
      case Json::value_t::string:
        return write_text('s', value.get_ref<const std::string&>());
      case Json::value_t::array:
        return write_items('[', value, depth);
      case Json::value_t::object:
        return value.size() == 1 && write_tagged(value.begin().key(), *value.begin(), depth);
      default:
        return false;
    }
  }

  std::string text;

 private:
  bool write_tagged(const std::string& tag, const Json& inner, int depth) {
    if (tag == "t") return write_items('[', inner, depth);
    if (tag == "e") return write_sorted('{', inner, depth, false);
    if (tag == "d") return write_sorted('<', inner, depth, true);
    if (tag == "c") return write_complex(inner, depth);
    if (!inner.is_string()) return false;
    const auto& word = inner.get_ref<const std::string&>();
    if (tag == "f") return write_float(word);
    if (tag == "i") return write_text('I', word);  // beyond 2^53: never written as a plain number
    if (tag == "b") return write_text('b', word);
    if (tag == "u") return write_text('u', word);  // has lone surrogates: never a plain text
    return false;
  }

  bool write_text(char sign, const std::string& word) {
    text += fmt::format("{}{}:", sign, word.size());
    text += word;
    return true;
  }

  bool write_float(const std::string& word) {
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    if (word.empty() || end != word.c_str() + word.size() || std::isnan(value)) return false;
    if (strict_ || value != std::trunc(value) || std::isinf(value)) {
      text += fmt::format("f{};", value == 0 ? 0.0 : value);
      return true;
    }
    // As plain.py writes the integer of this value.
    if (std::abs(value) < 0x1p53) {
      text += fmt::format("i{};", static_cast<int64_t>(value));
      return true;
    }
    int exponent = 0;
    const auto digits =
        static_cast<uint64_t>(std::ldexp(std::frexp(std::abs(value), &exponent), 53));
    exponent -= 53;
    return write_text('I', fmt::format("{}{:#x}{:0<{}}", value < 0 ? "-" : "",
                                       digits << exponent % 4, "", exponent / 4));
  }

  bool write_complex(const Json& parts, int depth) {
    if (!parts.is_array() || parts.size() != 2) return false;
    if (strict_) return write_items('c', parts, depth);
    const size_t start = text.size();
    if (!write(parts[1], depth + 1)) return false;
    const bool real = text.substr(start) == "i0;";
    text.resize(start);
    return real ? write(parts[0], depth + 1) : write_items('c', parts, depth);
  }

  bool write_items(char sign, const Json& items, int depth) {
    if (!items.is_array()) return false;
    text += sign;
    for (const Json& item : items) {
      if (!write(item, depth + 1)) return false;
    }
    text += ']';
    return true;
  }

  bool write_sorted(char sign, const Json& items, int depth, bool pairs) {
    if (!items.is_array()) return false;
    std::vector<std::string> written;
    for (const Json& item : items) {
      if (pairs && (!item.is_array() || item.size() != 2)) return false;
      const size_t start = text.size();
      if (!write(item, depth + 1)) return false;
      written.push_back(text.substr(start));
      text.resize(start);
    }
    std::sort(written.begin(), written.end());
    text += sign;
    for (const auto& item : written) text += item;
    text += '>';
    return true;
  }

  bool strict_;
  int parts_ = 0;
};

}  // namespace

std::optional<std::string> canonical_value(const Json& value, NumberTypes types) {
  Writer writer(types);
  if (!writer.write(value)) return std::nullopt;
  return std::move(writer.text);
}

}  // namespace grpo::reward::code
