#include "policy/tokenizer/jinja_tests.h"

#include <algorithm>
#include <array>
#include <utility>

#include "policy/tokenizer/jinja_filters.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

/// A test without arguments, made of a predicate on the value.
template <bool (*predicate)(const Value&)>
bool plain(const Value& subject, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments none("test", arguments, {});
  return predicate(subject);
}

bool is_defined(const Value& v) { return !v.is<Undefined>(); }
bool is_undefined(const Value& v) { return v.is<Undefined>(); }
bool is_none(const Value& v) { return v.is<None>(); }
bool is_boolean(const Value& v) { return v.is<bool>(); }
bool is_true(const Value& v) { return v.is<bool>() && *v.get<bool>(); }
bool is_false(const Value& v) { return v.is<bool>() && !*v.get<bool>(); }
bool is_integer(const Value& v) { return v.is<int64_t>(); }
bool is_float(const Value& v) { return v.is<double>(); }
bool is_number(const Value& v) { return v.is_number(); }
bool is_string(const Value& v) { return v.text() != nullptr; }
bool is_mapping(const Value& v) { return v.dict() != nullptr; }
bool is_iterable(const Value& v) {
  return is_undefined(v) || is_string(v) || is_mapping(v) || v.sequence() != nullptr ||
         v.is<std::shared_ptr<Generator>>() || v.is<std::shared_ptr<LoopState>>();
}
bool is_sequence(const Value& v) {  // has a length and subscripts, so a dict counts
  return is_undefined(v) || is_string(v) || is_mapping(v) ||
         (v.sequence() != nullptr && v.sequence()->has_subscript());
}
bool is_callable(const Value& v) {
  return v.is<Macro>() || v.is<Function>() || v.is<std::shared_ptr<const Method>>() ||
         is_undefined(v);
}

bool is_remainder(const Value& v, int64_t divisor, int64_t rest, Budget& budget) {
  return equal(binary("%", v, Value(divisor), budget), Value(rest), budget);
}
bool is_even(const Value& v, const Arguments& a, Budget& budget) {
  const BoundArguments none("even", a, {});
  return is_remainder(v, 2, 0, budget);
}
bool is_odd(const Value& v, const Arguments& a, Budget& budget) {
  const BoundArguments none("odd", a, {});
  return is_remainder(v, 2, 1, budget);
}
bool is_divisible_by(const Value& v, const Arguments& a, Budget& budget) {
  const BoundArguments bound("divisibleby", a, {"num"});
  return equal(binary("%", v, bound.require("num"), budget), Value(int64_t{0}), budget);
}

/// str.islower, str.isupper of the printed value: some letter has case, and all that have agree.
bool has_case(const Value& v, const Arguments& a, Budget& budget, bool upper) {
  const BoundArguments none("test", a, {});
  if (v.text() == nullptr) fail("the tests lower and upper are supported for texts only");
  budget.spend_text(v.text()->size());
  const std::string lowered = to_lower(*v.text());
  const std::string raised = to_upper(*v.text());
  return lowered != raised && *v.text() == (upper ? raised : lowered);
}
bool is_lower(const Value& v, const Arguments& a, Budget& b) { return has_case(v, a, b, false); }
bool is_upper(const Value& v, const Arguments& a, Budget& b) { return has_case(v, a, b, true); }

/// A comparison as a test: `x is equalto y`.
template <char first, char second = ' '>
bool compares(const Value& v, const Arguments& arguments, Budget& budget) {
  const char op[] = {first, second};
  const BoundArguments bound("test", arguments, {"other"});
  return compare(std::string_view(op, second == ' ' ? 1 : 2), v, bound.require("other"), budget);
}
bool is_in(const Value& v, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("in", arguments, {"seq"});
  return contains(bound.require("seq"), v, budget);
}
bool is_same_as(const Value& v, const Arguments& arguments, Budget& budget) {
  const BoundArguments bound("sameas", arguments, {"other"});
  const Value& other = bound.require("other");
  // Identity is plain only for the singletons; of other values Python may share some and not all.
  if (!other.is<bool>() && !other.is<None>()) fail("sameas is supported for true, false and none");
  return v.data().index() == other.data().index() && equal(v, other, budget);
}
bool is_filter(const Value& v, const Arguments& arguments, Budget& /*budget*/) {
  const BoundArguments none("filter", arguments, {});
  return v.text() != nullptr && find_filter(*v.text()) != nullptr;
}

constexpr auto kTests = std::to_array<std::pair<std::string_view, Test>>({
    {"defined", plain<is_defined>},
    {"undefined", plain<is_undefined>},
    {"none", plain<is_none>},
    {"boolean", plain<is_boolean>},
    {"true", plain<is_true>},
    {"false", plain<is_false>},
    {"integer", plain<is_integer>},
    {"float", plain<is_float>},
    {"number", plain<is_number>},
    {"string", plain<is_string>},
    {"mapping", plain<is_mapping>},
    {"iterable", plain<is_iterable>},
    {"sequence", plain<is_sequence>},
    {"callable", plain<is_callable>},
    {"even", is_even},
    {"odd", is_odd},
    {"divisibleby", is_divisible_by},
    {"lower", is_lower},
    {"upper", is_upper},
    {"in", is_in},
    {"sameas", is_same_as},
    {"filter", is_filter},
    {"==", compares<'=', '='>},
    {"eq", compares<'=', '='>},
    {"equalto", compares<'=', '='>},
    {"!=", compares<'!', '='>},
    {"ne", compares<'!', '='>},
    {"<", compares<'<'>},
    {"lt", compares<'<'>},
    {"lessthan", compares<'<'>},
    {"<=", compares<'<', '='>},
    {"le", compares<'<', '='>},
    {">", compares<'>'>},
    {"gt", compares<'>'>},
    {"greaterthan", compares<'>'>},
    {">=", compares<'>', '='>},
    {"ge", compares<'>', '='>},
});

}  // namespace

Test find_test(std::string_view name) {
  const auto* found = std::find_if(kTests.begin(), kTests.end(),
                                   [name](const auto& entry) { return entry.first == name; });
  return found != kTests.end() ? found->second : nullptr;
}

}  // namespace grpo::policy::jinja
