#include "reward/math/rational.h"

#include <flint/fmpz.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "reward/ascii.h"
#include "reward/extract_rules.h"
#include "reward/math/words.h"

namespace grpo::reward::math {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// A money sign becomes the number's unit.
void take_money(std::string_view& text, std::string& unit) {
  for (const std::string_view sign : {"\\$", "$", "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5"}) {
    if (!take(text, sign)) continue;
    unit = sign == "\\$" ? "$" : sign;
    text = trim(text);
    return;
  }
}

/// Digits and separators at the start of `text`, written into `digits` without separators.
/// Separators count only in a well-formed run: one to three digits, then groups of three.
bool take_whole(std::string_view& text, std::string& digits) {
  size_t i = 0;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i == 0) return false;
  digits.assign(text.substr(0, i));
  text.remove_prefix(i);
  if (i > 3) return true;
  const auto three = [](std::string_view t) {
    return t.size() >= 3 && is_digit(t[0]) && is_digit(t[1]) && is_digit(t[2]) &&
           (t.size() == 3 || !is_digit(t[3]));
  };
  for (const std::string_view separator : {",", "{,}", " ", "\\,", "\\!", "{,}\\!", ",\\!"}) {
    if (text.substr(0, separator.size()) != separator || !three(text.substr(separator.size()))) {
      continue;
    }
    while (text.substr(0, separator.size()) == separator && three(text.substr(separator.size()))) {
      text.remove_prefix(separator.size());
      digits.append(text.substr(0, 3));
      text.remove_prefix(3);
    }
    return true;
  }
  return true;
}

std::optional<Rational> take_decimal(std::string_view& text) {
  std::string digits;
  const bool whole = take_whole(text, digits);
  if (text.size() >= 2 && text[0] == '.' && is_digit(text[1])) {
    digits += '.';
    text.remove_prefix(1);
    while (!text.empty() && is_digit(text[0])) {
      digits += text[0];
      text.remove_prefix(1);
    }
  } else if (!whole) {
    return std::nullopt;
  }
  auto value = parse_decimal(digits);
  if (!value) return std::nullopt;
  // 3e5, 3E-5: only with digits right behind, so that a unit "e" stays a unit.
  if (text.size() >= 2 && (text[0] == 'e' || text[0] == 'E')) {
    const size_t sign = text[1] == '-' || text[1] == '+' ? 1 : 0;
    size_t end = 1 + sign;
    while (end < text.size() && is_digit(text[end]) && end < 7) ++end;
    if (end > 1 + sign && (end == text.size() || !is_letter(text[end]))) {
      slong exponent = 0;
      for (size_t i = 1 + sign; i < end; ++i) exponent = exponent * 10 + (text[i] - '0');
      if (exponent > static_cast<slong>(kMaxDigits)) return std::nullopt;
      value = *value * power_of_ten(text[1] == '-' ? -exponent : exponent);
      text.remove_prefix(end);
    }
  }
  return value;
}

/// What may stand behind the number: percent, a unit in letters, nothing else.
bool take_tail(std::string_view text, PlainNumber& number) {
  text = trim(text);
  if (take(text, "\\%") || take(text, "%")) {
    number.percent = true;
    text = trim(text);
  }
  take_money(text, number.unit);
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  // Words of a unit, each one harmless; anything else may change the value.
  while (!text.empty()) {
    size_t end = 0;
    while (end < text.size() && is_letter(text[end])) ++end;
    const auto word = text.substr(0, end);
    if (word == "percent" || word == "pct") {
      number.percent = true;
    } else if (!is_unit(word) || is_month(word)) {
      return false;
    } else {
      number.unit += (number.unit.empty() ? "" : " ") + std::string(word);
    }
    text = trim(text.substr(end));
  }
  std::transform(number.unit.begin(), number.unit.end(), number.unit.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return true;
}

}  // namespace

std::string Rational::text() const {
  char* raw = fmpq_get_str(nullptr, 10, value_);
  std::string result(raw);
  flint_free(raw);
  return result;
}

Rational operator+(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_add(result.value_, a.value_, b.value_);
  return result;
}

Rational operator-(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_sub(result.value_, a.value_, b.value_);
  return result;
}

Rational operator*(const Rational& a, const Rational& b) {
  Rational result;
  fmpq_mul(result.value_, a.value_, b.value_);
  return result;
}

Rational operator/(const Rational& a, const Rational& b) {
  check(!b.is_zero(), "Rational: division by zero");  // FLINT would abort the process
  Rational result;
  fmpq_div(result.value_, a.value_, b.value_);
  return result;
}

std::vector<std::pair<Rational, int>> prime_powers(const Rational& integer) {
  constexpr ulong kMaxPrime = 100'000;
  std::vector<std::pair<Rational, int>> result;
  Rational rest = integer;
  fmpz* n = fmpq_numref(rest.get());
  for (ulong p = 2; p <= kMaxPrime && fmpz_cmp_ui(n, p * p) >= 0; p += p == 2 ? 1 : 2) {
    int times = 0;
    while (fmpz_divisible_si(n, static_cast<slong>(p)) != 0) {
      fmpz_divexact_ui(n, n, p);
      ++times;
    }
    if (times > 0) result.emplace_back(Rational(static_cast<slong>(p)), times);
  }
  if (fmpz_cmp_ui(n, 1) > 0) result.emplace_back(rest, 1);
  return result;
}

Rational power_of_ten(slong exponent) {
  const auto size = static_cast<ulong>(exponent < 0 ? -exponent : exponent);
  check(size <= kMaxDigits, "power_of_ten: {}", exponent);
  Rational result(1);
  auto* part = exponent < 0 ? fmpq_denref(result.get()) : fmpq_numref(result.get());
  fmpz_set_ui(part, 10);
  fmpz_pow_ui(part, part, size);
  return result;
}

std::optional<Rational> parse_decimal(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits) return std::nullopt;
  std::string digits;
  slong decimals = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (is_digit(c)) {
      digits += c;
      decimals += point;
    } else {
      return std::nullopt;
    }
  }
  if (digits.empty()) return std::nullopt;
  Rational result;
  if (digits.size() <= 18) {
    fmpq_set_si(result.get(), std::stoll(digits), 1);
  } else {
    fmpz_set_str(fmpq_numref(result.get()), digits.c_str(), 10);
  }
  return decimals == 0 ? result : result * power_of_ten(-decimals);
}

std::optional<PlainNumber> parse_plain_number(std::string_view text) {
  text = trim(text);
  bool negative = false;
  PlainNumber number;
  take_money(text, number.unit);
  if (take(text, "-") || take(text, "\xE2\x88\x92")) {
    negative = true;
  } else {
    take(text, "+");
  }
  text = trim(text);
  take_money(text, number.unit);

  auto first = take_decimal(text);
  if (!first) return std::nullopt;
  number.value = *first;
  std::string_view rest = trim(text);
  if (take(rest, "/")) {
    rest = trim(rest);
    const auto divisor = take_decimal(rest);
    if (!divisor || divisor->is_zero()) return std::nullopt;
    number.value = *first / *divisor;
    text = rest;
  } else if (first->is_integer() && rest.size() < text.size() && !rest.empty() &&
             is_digit(rest[0])) {
    // "1 1/2": a blank, then a proper fraction.
    const auto numerator = take_decimal(rest);
    if (!numerator || !take(rest, "/")) return std::nullopt;
    const auto denominator = take_decimal(rest);
    if (!denominator || denominator->is_zero() || *numerator >= *denominator) return std::nullopt;
    number.value = *first + *numerator / *denominator;
    text = rest;
  }
  if (!take_tail(text, number)) return std::nullopt;
  if (negative) number.value = Rational(0) - number.value;
  return number;
}

}  // namespace grpo::reward::math
