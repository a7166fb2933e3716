#include "reward/math/words.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace grpo::reward::math {
namespace {

std::string lowered(std::string_view word) {
  std::string result(word);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

bool is_short_unit(std::string_view word) {
  static const std::unordered_set<std::string> units{
      "cm",  "mm",  "km",  "kg",  "mg",  "ml", "ft",  "mi",  "yd", "lb",  "lbs", "oz", "hr",
      "hrs", "min", "sec", "mph", "kph", "sq", "mpg", "usd", "hz", "khz", "day", "men"};
  return units.contains(lowered(word));
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

bool is_unit(std::string_view word) {
  const bool long_enough = word.size() >= 4 || is_short_unit(word);
  return long_enough && multiplier(word) == 0 && operator_word(word) == 0 && !changes_value(word);
}

}  // namespace grpo::reward::math
