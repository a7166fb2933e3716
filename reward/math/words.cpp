#include "reward/math/words.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "reward/ascii.h"

namespace grpo::reward::math {
bool is_short_unit(std::string_view word) {
  static const std::unordered_set<std::string> units{
      "cm",  "mm",  "km",  "kg",  "mg",  "ml", "ft",  "mi",  "yd", "lb",  "lbs", "oz", "hr",
      "hrs", "min", "sec", "mph", "kph", "sq", "mpg", "usd", "hz", "khz", "day", "men"};
  return units.contains(lowered(word));
}

bool is_short_word(std::string_view word) {
  static const std::unordered_set<std::string> words{"yes", "no", "odd", "per", "all", "the"};
  return words.contains(lowered(word));
}

long multiplier(std::string_view word) {
  static const std::unordered_map<std::string, long> values{
      {"hundred", 100},        {"thousand", 1000},          {"million", 1000000},
      {"billion", 1000000000}, {"trillion", 1000000000000}, {"dozen", 12}};
  const auto found = values.find(lowered(word));
  return found == values.end() ? 0 : found->second;
}

char operator_word(std::string_view word) {
  const std::string low = lowered(word);
  if (low == "minus" || low == "negative") return '-';
  if (low == "plus") return '+';
  return low == "times" ? '*' : '\0';
}

bool changes_value(std::string_view word) {
  static const std::unordered_set<std::string> words{
      "half",      "halves",   "third",      "thirds",     "quarter",    "quarters", "fourth",
      "fifth",     "tenth",    "double",     "twice",      "triple",     "squared",  "cubed",
      "over",      "divided",  "less",       "more",       "fewer",      "greater",  "least",
      "most",      "than",     "except",     "without",    "cannot",     "never",    "none",
      "nothing",   "neither",  "excluding",  "above",      "below",      "under",    "between",
      "through",   "until",    "percentage", "multiplied", "doesn",      "not",      "one",
      "two",       "three",    "four",       "five",       "six",        "seven",    "eight",
      "nine",      "ten",      "eleven",     "twelve",     "twenty",     "thirty",   "forty",
      "fifty",     "sixty",    "seventy",    "eighty",     "ninety",     "isn",      "wasn",
      "unless",    "instead",  "root",       "power",      "reciprocal", "inverse",  "square root",
      "undefined", "infinite", "zero",       "factorial",  "modulo"};
  return words.contains(lowered(word));
}

std::optional<long> number_in_words(std::string_view text) {
  static const std::unordered_map<std::string, long> values{
      {"zero", 0},     {"one", 1},      {"two", 2},        {"three", 3},     {"four", 4},
      {"five", 5},     {"six", 6},      {"seven", 7},      {"eight", 8},     {"nine", 9},
      {"ten", 10},     {"eleven", 11},  {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},
      {"fifteen", 15}, {"sixteen", 16}, {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},
      {"twenty", 20},  {"thirty", 30},  {"forty", 40},     {"fifty", 50},    {"sixty", 60},
      {"seventy", 70}, {"eighty", 80},  {"ninety", 90}};
  if (text.empty() || text.size() > 60) return std::nullopt;
  long total = 0, last = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find_first_of(" -"), rest.size());
    const std::string word = lowered(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (word == "hundred" && last > 0 && last < 10) {
      total += last * 99;
      last = 100;
      continue;
    }
    const auto found = values.find(word);
    if (found == values.end()) return std::nullopt;
    // Tens before ones, hundreds before both.
    const bool fits = last == 0 || last == 100 ||
                      (last >= 20 && last < 100 && found->second > 0 && found->second < 10);
    if (!fits || (last == 0 && total > 0)) return std::nullopt;
    total += found->second;
    last = found->second;
    if (found->second == 0 && total != 0) return std::nullopt;
  }
  return total;
}

bool is_unit(std::string_view word) {
  const bool long_enough = word.size() >= 4 || is_short_unit(word);
  return long_enough && multiplier(word) == 0 && operator_word(word) == 0 && !changes_value(word);
}

}  // namespace grpo::reward::math
