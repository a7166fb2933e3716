#include <algorithm>

#include "base/utf8.h"
#include "reward/math/lexer_names.h"
#include "reward/math/lexer_state.h"

namespace grpo::reward::math {

bool Lexer::starts_number() const {
  if (is_digit(text_[at_])) return true;
  if (text_[at_] != '.' || at_ + 1 >= text_.size()) return false;
  return is_digit(text_[at_ + 1]) || follows(".\\overline") || follows(".\\bar") ||
         follows(".\\dot{");
}

size_t Lexer::separator_end(size_t at) const {
  const auto skip_blanks = [&](size_t i) {
    while (i < text_.size() && text_[i] == ' ') ++i;
    return i;
  };
  const auto before_three = [&](size_t digits) {
    size_t end = digits;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    return end - digits == 3;
  };
  // A comma set in braces, {,}, is no list, whatever blanks stand around it.
  if (const size_t brace = skip_blanks(at); text_.substr(brace, 2) == "{,") {
    size_t end = skip_blanks(brace + 2);
    if (text_.substr(end, 1) != "}") return at;
    end = skip_blanks(end + 1);
    if (text_.substr(end, 2) == "\\!") end = skip_blanks(end + 2);
    return before_three(end) ? end : at;
  }
  // So is a comma drawn close by \!.
  if (const size_t close = skip_blanks(std::min(at + 1, text_.size()));
      text_.substr(at, 1) == "," && text_.substr(close, 2) == "\\!") {
    const size_t end = skip_blanks(close + 2);
    return before_three(end) ? end : at;
  }
  if (brackets_ > 0) return at;  // (1,234) is a pair
  for (const std::string_view separator : {",\\,", ",", "\\,", "\\ ", " "}) {
    if (text_.substr(at, separator.size()) != separator) continue;
    if (before_three(at + separator.size())) return at + separator.size();
  }
  return at;
}

void Lexer::take_digits(std::string& digits) {
  while (at_ < text_.size() && is_digit(text_[at_])) digits += text_[at_++];
}

void Lexer::number() {
  std::string digits;
  take_digits(digits);
  // "0,111" has a decimal comma.
  if (brackets_ == 0 && digits == "0" && follows(",") && separator_end(at_) > at_) {
    digits += '.';
    ++at_;
    take_digits(digits);
  } else if (!digits.empty() && digits.size() <= 3 && digits[0] != '0') {
    for (size_t next; (next = separator_end(at_)) > at_;) {
      at_ = next;
      take_digits(digits);
    }
  }
  if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
    digits += text_[at_++];
    take_digits(digits);
  } else if (follows(".\\overline") || follows(".\\bar") || follows(".\\dot") || follows(".(")) {
    digits += text_[at_++];  // "0.\overline{3}"
    if (digits.size() == 1) digits = "0.";
  }
  if (digits.find('.') != std::string::npos && recurring(digits)) return;
  // An exponent has digits right behind E or e, so that 2e stays 2 times e.
  size_t e = at_;
  if (e + 1 < text_.size() && (text_[e] == 'E' || text_[e] == 'e')) {
    ++e;
    if (text_[e] == '-' || text_[e] == '+') ++e;
    size_t end = e;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    if (end > e && end - e <= 4 && (end == text_.size() || !is_letter(text_[end]))) {
      digits += text_.substr(at_, end - at_);
      at_ = end;
    }
  }
  if (digits.size() > kMaxNumberLength) throw ParseError("a number of too many digits", start_);
  add(Kind::number, digits);
}

bool Lexer::recurring(std::string digits) {
  std::string period;
  const size_t before = at_;
  if (follows("\\overline") || follows("\\bar")) {
    at_ += follows("\\bar") ? 4 : 9;
    period = group();
  } else if (follows("\\dot{") || follows("\\dot ")) {
    at_ += 4;
    period = group();
    const size_t one = at_;
    std::string rest;
    take_digits(rest);
    if (follows("\\dot{") || follows("\\dot ")) {
      at_ += 4;
      period += rest + std::string(group());
    } else {
      at_ = one;
    }
  } else if (digits.back() == '.' && follows("(")) {
    const size_t close = text_.find(')', at_);
    if (close == std::string_view::npos) throw ParseError("a lone full stop", at_);
    period = text_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
  } else {
    for (const std::string_view dots : {"...", "\\ldots", "\\dots", "\\cdots", "\xE2\x80\xA6"}) {
      if (!follows(dots)) continue;
      const std::string last(3, digits.back());
      if (!digits.ends_with(last)) return false;
      at_ += dots.size();
      period = last.substr(0, 1);
      digits.pop_back();
      break;
    }
    if (period.empty()) return false;
  }
  if (period.empty() || !std::all_of(period.begin(), period.end(), is_digit)) {
    throw ParseError("expected the digits that recur", before);
  }
  add(Kind::number, digits);
  add(Kind::command, "overline");
  add(Kind::number, period);
  return true;
}

void Lexer::script_digits() {
  std::string digits;
  bool raised = true;
  while (at_ < text_.size()) {
    const CodePoint point = decode_utf8(text_.substr(at_));
    const char digit = script_digit(text_.substr(at_, point.size));
    if (!point.valid || digit == '\0') break;
    raised = point.code < 0x2080;
    digits += digit;
    at_ += point.size;
  }
  add(Kind::mark, raised ? "^" : "_");
  if (digits[0] == '-') {
    add(Kind::mark, "-");
    digits.erase(0, 1);
  }
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    throw ParseError("an unknown sign", start_);
  }
  add(Kind::number, digits);
}

}  // namespace grpo::reward::math
