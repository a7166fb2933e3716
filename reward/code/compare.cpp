#include "reward/code/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace grpo::reward::code {
namespace {

constexpr std::string_view kSpace = " \t\r\n\v\f";

std::string_view trim_right(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kSpace) + 1);  // npos + 1 is 0
}

/// Cuts the first line off.
std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

bool same_lines(std::string_view output, std::string_view expected) {
  output = trim_right(output);
  expected = trim_right(expected);
  while (!output.empty() && !expected.empty()) {
    if (trim_right(take_line(output)) != trim_right(take_line(expected))) return false;
  }
  return output.empty() && expected.empty();
}

std::string_view take_token(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
  const auto token = text.substr(0, text.find_first_of(kSpace));
  text.remove_prefix(token.size());
  return token;
}

std::optional<double> number_of(std::string_view token) {
  if (token.starts_with('+')) token.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

bool same_token(std::string_view token, std::string_view expected, const Compare& compare) {
  if (token == expected) return true;
  if (compare.mode != Compare::Mode::number) return false;
  const auto got = number_of(token);
  const auto wanted = number_of(expected);
  if (!got || !wanted) return false;
  return std::abs(*got - *wanted) <= compare.tolerance * std::max(1.0, std::abs(*wanted));
}

bool same_tokens(std::string_view output, std::string_view expected, const Compare& compare) {
  while (true) {
    const auto token = take_token(output);
    const auto wanted = take_token(expected);
    if (token.empty() && wanted.empty()) return true;
    if (!same_token(token, wanted, compare)) return false;
  }
}

}  // namespace

bool same_output(std::string_view output, std::string_view expected, const Compare& compare) {
  return compare.mode == Compare::Mode::lines ? same_lines(output, expected)
                                              : same_tokens(output, expected, compare);
}

}  // namespace grpo::reward::code
