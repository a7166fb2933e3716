#pragma once

#include <flint/fmpq.h>

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace grpo::reward::math {

/// An exact rational number; owns a FLINT fmpq.
class Rational {
 public:
  Rational() { fmpq_init(value_); }
  explicit Rational(slong value) : Rational() { fmpq_set_si(value_, value, 1); }
  Rational(slong numerator, ulong denominator) : Rational() {
    fmpq_set_si(value_, numerator, denominator);
  }
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(Rational other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }

  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }

  bool is_zero() const { return fmpq_is_zero(value_); }
  bool is_integer() const { return fmpz_is_one(fmpq_denref(value_)); }
  int sign() const { return fmpq_sgn(value_); }
  std::string text() const;  // "-3/4", "12"

  friend Rational operator+(const Rational& a, const Rational& b);
  friend Rational operator-(const Rational& a, const Rational& b);
  friend Rational operator*(const Rational& a, const Rational& b);
  /// b must not be zero.
  friend Rational operator/(const Rational& a, const Rational& b);
  friend bool operator==(const Rational& a, const Rational& b) {
    return fmpq_equal(a.value_, b.value_);
  }
  friend std::strong_ordering operator<=>(const Rational& a, const Rational& b) {
    return fmpq_cmp(a.value_, b.value_) <=> 0;
  }

 private:
  fmpq_t value_;
};

/// A positive integer as powers of primes, by trial division up to 100,000; what that leaves counts
/// as one more "prime", which it may not be.
std::vector<std::pair<Rational, int>> prime_powers(const Rational& integer);

inline constexpr size_t kMaxDigits = 2000;  // of one number; more is refused, not computed with

/// 10^exponent; |exponent| <= kMaxDigits.
Rational power_of_ten(slong exponent);

/// Digits with an optional decimal part, no sign and no separators: "12", "12.50", ".5".
/// Nothing for other texts and for more than kMaxDigits digits.
std::optional<Rational> parse_decimal(std::string_view text);

/// A number as people write it in an answer, exactly: sign (also U+2212), thousands separators
/// (1,234 or 1{,}234 or 1 234, in groups of three), decimals, a/b, mixed "1 1/2", 3e5, money signs
/// before or after, a unit in plain letters behind, percent (noted, not divided), a final full
/// stop.
struct PlainNumber {
  Rational value;
  bool percent = false;
  std::string unit;  // money sign, or letters behind the number in lower case; empty if none
};
std::optional<PlainNumber> parse_plain_number(std::string_view text);

}  // namespace grpo::reward::math
