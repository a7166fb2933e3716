#pragma once

#include <acb.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include "reward/math/expression.h"

namespace grpo::reward::math {

/// Ends a comparison that would take too long; caught in compare().
struct Exhausted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where work is done: in this process, where nothing can interrupt a call into FLINT, or in a
/// child that can be killed (child.h).
enum class Place { here, child };

/// What one comparison may spend. Here single steps are bounded in size (kMaxBitsHere), so counting
/// them and looking at the clock bounds the whole; in a child the clock is the parent's.
class Budget {
 public:
  explicit Budget(std::chrono::milliseconds time, Place place = Place::here)
      : deadline_(std::chrono::steady_clock::now() + time),
        place_(place),
        steps_(place == Place::here ? 200'000 : 4'000'000) {}

  /// Throws Exhausted when steps or time are used up.
  void step() {
    if (--steps_ < 0 || steps_ % 16 == 0) look();
  }
  /// Looks at the clock now: before a step that may take a millisecond.
  void look();
  /// Before work on numbers of this size: throws Exhausted here when they are large.
  void spend(slong bits) {
    if (bits > kMaxBitsHere) spend_much();
  }

  static constexpr slong kMaxBitsHere = 40'000;  // a gcd of these takes a third of a millisecond

 private:
  void spend_much();

  std::chrono::steady_clock::time_point deadline_;
  Place place_;
  int64_t steps_;
};

/// A complex ball: midpoint and radius that surely hold the true value. Owns an Arb acb.
class Ball {
 public:
  Ball() { acb_init(value_); }
  explicit Ball(const Rational& value, slong precision) : Ball() {
    acb_set_fmpq(value_, value.get(), precision);
  }
  Ball(const Ball& other) : Ball() { acb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { acb_swap(value_, other.value_); }
  Ball& operator=(Ball other) noexcept {
    acb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { acb_clear(value_); }

  acb_ptr get() { return value_; }
  acb_srcptr get() const { return value_; }
  bool is_finite() const { return acb_is_finite(value_); }
  bool contains_zero() const { return acb_contains_zero(value_); }
  bool is_real() const { return arb_is_zero(acb_imagref(value_)); }

 private:
  acb_t value_;
};

using Bindings = std::map<std::string, Rational>;

/// The exact value of a rational expression; nothing when it is not rational, not defined, or its
/// digits would be too many (about 100,000 bits; here, kMaxBitsHere: Exhausted). Refused by size
/// before it is computed.
std::optional<Rational> exact_value(const Expression& e, const Bindings& bindings, Budget& budget);

/// A ball around the value at `precision` bits, symbols taken from `bindings`. Nothing when a part
/// has no value (a division by zero, an unknown function, infinity, a free symbol).
/// Odd roots of negative reals are real, (-8)^{1/3} = -2 as in schoolbooks; other powers take the
/// principal branch. Degrees count as pi/180 inside trigonometric functions and as 1 elsewhere.
std::optional<Ball> ball_value(const Expression& e, const Bindings& bindings, slong precision,
                               Budget& budget);

/// A real number in decimal with enough digits for a double; nothing if it is none.
std::optional<std::string> decimal_value(const Expression& e);

}  // namespace grpo::reward::math
