#include "reward/math/lexer.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "reward/extract_rules.h"
#include "reward/math/lexer_names.h"
#include "reward/math/lexer_state.h"
#include "reward/math/units.h"
#include "reward/math/words.h"

namespace grpo::reward::math {

std::vector<Token> Lexer::run() {
  if (text_.size() > kMaxTextLength) throw ParseError("longer than can be an answer", 0);
  while (at_ < text_.size()) {
    if (tokens_.size() > kMaxTokens) throw ParseError("too many signs", at_);
    next();
  }
  start_ = at_;
  add(Kind::end, "");
  return std::move(tokens_);
}

void Lexer::add(Kind kind, std::string_view text) {
  tokens_.push_back({kind, std::string(text), start_, space_});
  space_ = false;
}

void Lexer::next() {
  start_ = at_;
  const char c = text_[at_];
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~') {
    ++at_;
    space_ = true;
  } else if (c == '$') {
    ++at_;
    // Money, unless another $ makes it math.
    if (dollars_ == 1 && at_ == 1) return add(Kind::text, "$");
    space_ = true;
  } else if (starts_number()) {
    number();
  } else if (is_letter(c)) {
    word();
  } else if (c == '\\') {
    command();
  } else if (static_cast<unsigned char>(c) >= 0x80) {
    unicode();
  } else {
    mark();
  }
}

void Lexer::unicode() {
  const CodePoint point = decode_utf8(text_.substr(at_));
  if (!point.valid) throw ParseError("bytes that are no UTF-8", at_);
  const auto bytes = text_.substr(at_, point.size);
  at_ += point.size;
  if (const auto fraction = vulgar_fraction(bytes); !fraction.empty()) {
    add(Kind::command, "frac");
    add(Kind::number, fraction.substr(0, 1));
    return add(Kind::number, fraction.substr(1));
  }
  if (script_digit(bytes) != '\0') {
    at_ = start_;
    return script_digits();
  }
  const auto sign = unicode_sign(bytes);
  if (!sign) {
    // Letters of other scripts are words.
    if (script_of(point.code) == Script::common) throw ParseError("an unknown sign", start_);
    while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x80) {
      const CodePoint more = decode_utf8(text_.substr(at_));
      if (!more.valid || script_of(more.code) == Script::common) break;
      at_ += more.size;
    }
    return add(Kind::text, text_.substr(start_, at_ - start_));
  }
  if (*sign == "circ") return add(Kind::mark, "°");
  if (is_currency(*sign)) return add(Kind::text, *sign);
  if (!sign->empty()) emit(*sign);
}

void Lexer::emit(std::string_view name) {
  const bool spelled = is_letter(name[0]);
  add(spelled ? Kind::command : Kind::mark, name);
}

void Lexer::mark() {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kLong{
      {{"<=", "<="},
       {">=", ">="},
       {"!=", "!="},
       {"=<", "<="},
       {"=>", ">="},
       {"==", "="},
       {"**", "^"}}};
  for (const auto& [spelling, name] : kLong) {
    if (text_.substr(at_, 2) == spelling) {
      at_ += 2;
      return add(Kind::mark, name);
    }
  }
  const char c = text_[at_];
  if (std::string_view("()[]{}|+-*/^_!,;:<>=%'.&").find(c) == std::string_view::npos) {
    throw ParseError("an unknown sign", at_);
  }
  ++at_;
  if (c == '(' || c == '[') ++brackets_;
  if ((c == ')' || c == ']') && brackets_ > 0) --brackets_;
  if (c == '.' && (at_ >= text_.size() || text_[at_] == ' ' || text_[at_] == '\n')) return;
  add(Kind::mark, text_.substr(at_ - 1, 1));
}

void Lexer::command() {
  // "\\\\frac": text that was escaped twice. In a matrix two backslashes end a row.
  if (!has_environment_ && at_ + 2 < text_.size() && text_[at_ + 1] == '\\' &&
      is_letter(text_[at_ + 2])) {
    ++at_;
  }
  if (at_ + 1 >= text_.size()) throw ParseError("a lone backslash", at_);
  const char c = text_[at_ + 1];
  if (!is_letter(c)) return escaped(c);
  size_t end = at_ + 1;
  while (end < text_.size() && is_letter(text_[end])) ++end;
  const auto name = text_.substr(at_ + 1, end - at_ - 1);
  at_ = end;
  if (drops_group(name)) {
    group();
    space_ = true;
    return;
  }
  if (is_ignored(name)) {
    // "\left." stands for no bracket at all.
    if ((name == "left" || name == "right") && at_ < text_.size() && text_[at_] == '.') ++at_;
    if ((name == "left" || name == "right") && at_ < text_.size() &&
        (text_[at_] == '{' || text_[at_] == '}')) {
      add(Kind::mark, text_[at_] == '{' ? "\\{" : "\\}");
      ++at_;
    }
    space_ = true;
    return;
  }
  if (name == "char") {
    while (at_ < text_.size() && (text_[at_] == '"' || is_digit(text_[at_]))) ++at_;
    return add(Kind::command, std::string("char") + std::string(text_.substr(end, at_ - end)));
  }
  if (name == "deg") return add(Kind::mark, "°");
  if (holds_words(name)) return words(name, group());
  emit(usual_name(name));
}

void Lexer::escaped(char c) {
  at_ += 2;
  if (c == '{') ++brackets_;
  if (c == '}' && brackets_ > 0) --brackets_;
  if (c == '{' || c == '}') return add(Kind::mark, c == '{' ? "\\{" : "\\}");
  if (c == '%') return add(Kind::mark, "%");
  if (c == '|') return add(Kind::mark, "|");
  if (c == '\\') return add(Kind::mark, "\\\\");
  if (c == '_' || c == '&') return add(Kind::mark, std::string(1, c));
  if (c == '$') return add(Kind::text, "$");
  // \, \; \! \: \<space> are spacing, \( \) \[ \] delimit math.
  if (std::string_view(",;!: ()[]/\n").find(c) == std::string_view::npos) {
    throw ParseError("an unknown command", start_);
  }
  space_ = space_ || c != '!';
}

std::string_view Lexer::group() {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  if (at_ >= text_.size()) throw ParseError("a command without its argument", start_);
  if (text_[at_] != '{') return text_.substr(at_++, 1);
  const auto content = brace_group(text_, at_);
  if (!content) throw ParseError("an opening brace that is never closed", at_);
  at_ += content->size() + 2;
  return *content;
}

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace grpo::reward::math
