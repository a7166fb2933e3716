#include "reward/math/units.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "reward/ascii.h"
#include "reward/extract_rules.h"

namespace grpo::reward::math {
namespace {

struct Entry {
  const char* base;
  slong numerator;
  ulong denominator;
  int power = 1;
};

/// Exact by definition: the inch is 2.54 cm, the pound 453.59237 g, the US gallon 231 cubic inches.
const std::unordered_map<std::string_view, Entry>& table() {
  static const std::unordered_map<std::string_view, Entry> units{
      {"m", {"m", 1, 1}},
      {"meter", {"m", 1, 1}},
      {"metre", {"m", 1, 1}},
      {"km", {"m", 1000, 1}},
      {"kilometer", {"m", 1000, 1}},
      {"kilometre", {"m", 1000, 1}},
      {"dm", {"m", 1, 10}},
      {"decimeter", {"m", 1, 10}},
      {"cm", {"m", 1, 100}},
      {"centimeter", {"m", 1, 100}},
      {"centimetre", {"m", 1, 100}},
      {"mm", {"m", 1, 1000}},
      {"millimeter", {"m", 1, 1000}},
      {"millimetre", {"m", 1, 1000}},
      {"in", {"m", 127, 5000}},
      {"inch", {"m", 127, 5000}},
      {"inches", {"m", 127, 5000}},
      {"ft", {"m", 381, 1250}},
      {"foot", {"m", 381, 1250}},
      {"feet", {"m", 381, 1250}},
      {"yd", {"m", 1143, 1250}},
      {"yard", {"m", 1143, 1250}},
      {"mi", {"m", 201168, 125}},
      {"mile", {"m", 201168, 125}},
      {"s", {"s", 1, 1}},
      {"sec", {"s", 1, 1}},
      {"second", {"s", 1, 1}},
      {"min", {"s", 60, 1}},
      {"minute", {"s", 60, 1}},
      {"h", {"s", 3600, 1}},
      {"hr", {"s", 3600, 1}},
      {"hour", {"s", 3600, 1}},
      {"day", {"s", 86400, 1}},
      {"week", {"s", 604800, 1}},
      {"month", {"month", 1, 1}},
      {"year", {"month", 12, 1}},
      {"g", {"g", 1, 1}},
      {"gram", {"g", 1, 1}},
      {"kg", {"g", 1000, 1}},
      {"kilogram", {"g", 1000, 1}},
      {"mg", {"g", 1, 1000}},
      {"milligram", {"g", 1, 1000}},
      {"lb", {"g", 45359237, 100000}},
      {"pound", {"g", 45359237, 100000}},
      {"oz", {"g", 45359237, 1600000}},
      {"ounce", {"g", 45359237, 1600000}},
      {"l", {"m", 1, 1000, 3}},
      {"liter", {"m", 1, 1000, 3}},
      {"litre", {"m", 1, 1000, 3}},
      {"ml", {"m", 1, 1000000, 3}},
      {"milliliter", {"m", 1, 1000000, 3}},
      {"millilitre", {"m", 1, 1000000, 3}},
      {"gallon", {"m", 473176473, 125000000000, 3}},
      {"quart", {"m", 473176473, 500000000000, 3}},
      {"pint", {"m", 473176473, 1000000000000, 3}},
      {"acre", {"m", 316160658, 78125, 2}},
      {"$", {"$", 1, 1}},
      {"dollar", {"$", 1, 1}},
      {"usd", {"$", 1, 1}},
      {"cent", {"$", 1, 100}},
      {"euro", {"euro", 1, 1}},
      {"€", {"euro", 1, 1}},
      {"£", {"sterling", 1, 1}},
      {"yen", {"yen", 1, 1}},
      {"¥", {"yen", 1, 1}},
      {"rupee", {"rupee", 1, 1}},
      {"am", {"am", 1, 1}},
      {"pm", {"pm", 1, 1}},
      {"celsius", {"celsius", 1, 1}},
      {"fahrenheit", {"fahrenheit", 1, 1}},
      {"kelvin", {"kelvin", 1, 1}},
      {"k", {"kelvin", 1, 1}},
      {"nm", {"m", 1, 1000000000}},
      {"ms", {"s", 1, 1000}},
      {"n", {"newton", 1, 1}},
      {"newton", {"newton", 1, 1}},
      {"kn", {"newton", 1000, 1}},
      {"j", {"joule", 1, 1}},
      {"joule", {"joule", 1, 1}},
      {"kj", {"joule", 1000, 1}},
      {"ev", {"electronvolt", 1, 1}},
      {"kev", {"electronvolt", 1000, 1}},
      {"w", {"watt", 1, 1}},
      {"watt", {"watt", 1, 1}},
      {"kw", {"watt", 1000, 1}},
      {"v", {"volt", 1, 1}},
      {"volt", {"volt", 1, 1}},
      {"kv", {"volt", 1000, 1}},
      {"c", {"coulomb", 1, 1}},
      {"coulomb", {"coulomb", 1, 1}},
      {"hz", {"hertz", 1, 1}},
      {"hertz", {"hertz", 1, 1}},
      {"khz", {"hertz", 1000, 1}},
      {"pa", {"pascal", 1, 1}},
      {"pascal", {"pascal", 1, 1}},
      {"kpa", {"pascal", 1000, 1}},
      {"mol", {"mole", 1, 1}},
      // Mega or milli: case says which, and people confuse it. Equal to themselves alone.
      {"mj", {"mj", 1, 1}},
      {"mw", {"mw", 1, 1}},
      {"mv", {"mv", 1, 1}},
      {"mev", {"mev", 1, 1}},
      {"mhz", {"mhz", 1, 1}},
      {"mpa", {"mpa", 1, 1}},
  };
  return units;
}

/// The entry of a word, in lower case, plural or not.
std::optional<Entry> find(std::string_view word) {
  auto found = table().find(word);
  if (found == table().end() && word.size() > 2 && word.back() == 's') {
    found = table().find(word.substr(0, word.size() - 1));
  }
  if (found == table().end()) return std::nullopt;
  return found->second;
}

class Reader {
 public:
  explicit Reader(std::string_view phrase) {
    for (const char c : phrase) {  // "p.m.", "sq. ft"
      if (c != '.') text_ += lowered(c);
    }
    rest_ = trim(text_);
  }

  std::optional<Unit> run() {
    int side = 1;   // -1 behind "per"
    int power = 1;  // of the next word: square, cubic
    bool any = false;
    while (!rest_.empty()) {
      if (rest_[0] == '/') {
        side = -1;
        rest_ = trim(rest_.substr(1));
        continue;
      }
      const auto word = take_word();
      if (word.empty()) return std::nullopt;
      if (word == "per") {
        side = -1;
      } else if (word == "square" || word == "sq") {
        power = 2;
      } else if (word == "cubic") {
        power = 3;
      } else {
        if (!add(word, side * power)) return std::nullopt;
        any = true;
        power = 1;
      }
    }
    if (!any || power != 1) return std::nullopt;
    std::erase_if(unit_.powers, [](const auto& item) { return item.second == 0; });
    return std::move(unit_);
  }

 private:
  std::string_view take_word() {
    const size_t end = std::min(rest_.find_first_of(" /^"), rest_.size());
    const auto word = rest_.substr(0, end);
    rest_ = trim(rest_.substr(end));
    return word;
  }

  bool add(std::string_view word, int power) {
    if (word == "mph") return add("mile", power) && add("hour", -power);
    if (word == "kph" || word == "kmh") return add("km", power) && add("hour", -power);
    const auto entry = find(word);
    if (!entry) return false;
    if (!rest_.empty() && rest_[0] == '^') {
      int exponent = 0;
      const auto [end, error] =
          std::from_chars(rest_.data() + 1, rest_.data() + rest_.size(), exponent);
      if (error != std::errc() || exponent == 0 || std::abs(exponent) > 9) return false;
      rest_ = trim(rest_.substr(static_cast<size_t>(end - rest_.data())));
      power *= exponent;
    }
    unit_.powers[entry->base] += entry->power * power;
    const Rational factor(entry->numerator, entry->denominator);
    for (int i = 0; i < std::abs(power); ++i) {
      unit_.factor = power > 0 ? unit_.factor * factor : unit_.factor / factor;
    }
    return true;
  }

  std::string text_;
  std::string_view rest_;
  Unit unit_;
};

}  // namespace

std::optional<Unit> parse_unit(std::string_view phrase) {
  if (phrase.size() > 60) return std::nullopt;
  return Reader(phrase).run();
}

bool is_si_letter(std::string_view letter) {
  return letter.size() == 1 && std::string_view("NJWVCK").find(letter) != std::string_view::npos;
}

bool is_unit_letter(std::string_view letter) {
  return letter == "m" || letter == "s" || letter == "g" || letter == "h" || letter == "L";
}

bool is_currency(std::string_view word) {
  return word == "$" || word == "€" || word == "£" || word == "¥";
}

}  // namespace grpo::reward::math
