#include "reward/math/words.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "reward/ascii.h"
#include "reward/math/lexer_names.h"

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

bool is_sentence_word(std::string_view word) {
  static const std::unordered_set<std::string> words{"is",  "of",  "if",  "on",  "are", "was",
                                                     "has", "had", "its", "but", "can", "for",
                                                     "any", "may", "how", "who", "out", "to"};
  return words.contains(lowered(word));
}

namespace {

bool has_opposite(const std::string& word) {
  static const std::unordered_set<std::string> words{
      "left",      "right",      "north",      "south",      "east",      "west",
      "up",        "down",       "upward",     "downward",   "upwards",   "downwards",
      "inward",    "outward",    "forward",    "backward",   "forwards",  "backwards",
      "clockwise", "increase",   "decrease",   "increased",  "decreased", "increases",
      "decreases", "increasing", "decreasing", "rise",       "fall",      "gain",
      "loss",      "profit",     "discount",   "maximum",    "minimum",   "even",
      "odd",       "wins",       "loses",      "before",     "after",     "early",
      "late",      "earlier",    "later",      "faster",     "slower",    "boys",
      "girls",     "male",       "female",     "women",      "heads",     "tails",
      "prime",     "composite",  "rational",   "irrational", "positive",  "inside",
      "outside",   "internal",   "external",   "convex",     "concave",   "hot",
      "cold",      "deposit",    "withdrawal", "true",       "false",     "counterclockwise",
      "red",       "blue",       "green",      "yellow",     "black",     "white"};
  return words.contains(word);
}

/// Words that name no thing: they may stand on one side only or differ.
bool is_generic(const std::string& word) {
  static const std::unordered_set<std::string> words{
      "answer",   "value", "point", "option", "choice", "solution", "solutions",
      "where",    "units", "unit",  "final",  "thus",   "hence",    "function",
      "equation", "line",  "set",   "number", "numbers"};
  return words.contains(word);
}

struct Words {
  bool digits = false;
  std::vector<std::string> opposites, all;
};

/// The words of a text without its LaTeX commands and the names of environments.
Words words_of(std::string_view text) {
  Words result;
  for (size_t i = 0; i < text.size();) {
    if (is_digit(text[i])) result.digits = true;
    const bool command = text[i] == '\\';
    if (!command && !is_letter(text[i])) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (command) {
      const auto name = text.substr(i + 1, end - i - 1);
      const bool named = name == "begin" || name == "end" || name == "operatorname";
      if (named) end = std::min(text.find('}', end), text.size());
    } else if (end - i >= 2) {
      const std::string word = lowered(text.substr(i, end - i));
      if (has_opposite(word)) result.opposites.push_back(word);
      if ((end - i >= 4 || word == "odd") && !is_function_name(word) && !is_generic(word)) {
        result.all.push_back(word);
      }
    }
    i = end;
  }
  return result;
}

}  // namespace

bool words_disagree(std::string_view a, std::string_view b) {
  Words x = words_of(a), y = words_of(b);
  if (x.digits && y.digits) {
    return !x.opposites.empty() && !y.opposites.empty() && x.opposites != y.opposites;
  }
  if (x.digits || y.digits || x.all.empty() || y.all.empty()) return false;
  std::sort(x.all.begin(), x.all.end());
  std::sort(y.all.begin(), y.all.end());
  return x.all != y.all;
}

bool is_month(std::string_view word) {
  static const std::unordered_set<std::string> months{
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  return months.contains(lowered(word));
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
