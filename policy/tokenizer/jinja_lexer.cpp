#include "policy/tokenizer/jinja_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy::jinja {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

std::string normalize_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string_view source, const std::string& name)
      : source_(normalize_newlines(source)), name_(name) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      const size_t tag = find_tag();
      read_text(tag);
      if (tag == std::string::npos) break;
      if (source_[tag + 1] == '#') {
        skip_comment();
      } else {
        read_tag();
      }
    }
    add(Token::Kind::end, source_.size());
    return std::move(tokens_);
  }

 private:
  size_t find_tag() const {
    for (size_t i = at_; i + 1 < source_.size(); ++i) {
      const char next = source_[i + 1];
      if (source_[i] == '{' && (next == '{' || next == '%' || next == '#')) return i;
    }
    return std::string::npos;
  }

  bool starts_with(size_t offset, std::string_view what) const {
    return std::string_view(source_).substr(offset, what.size()) == what;
  }

  /// The text before `tag`, trimmed as the tag's opening asks; moves behind the opening.
  void read_text(size_t tag) {
    const size_t begin = at_;
    std::string_view text = std::string_view(source_).substr(begin, tag - begin);
    if (tag == std::string::npos) {
      add(Token::Kind::text, begin).text = text;
      return;
    }
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    const bool is_output = source_[tag + 1] == '{';
    if (sign == '-') {
      text = strip(text, Side::right);
    } else if (sign != '+' && !is_output) {
      const size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
      if ((line > 0 || line_starting_) && strip(text.substr(line), Side::left).empty()) {
        text = text.substr(0, line);
      }
    }
    if (!text.empty()) add(Token::Kind::text, begin).text = text;
    at_ = tag + (sign == '-' || sign == '+' ? 3 : 2);
    line_starting_ = false;
    tag_ = tag;
  }

  void skip_comment() {
    const size_t close = source_.find("#}", at_);
    if (close == std::string::npos) error(tag_, "a comment without its end #}");
    const char sign = close > at_ ? source_[close - 1] : ' ';
    at_ = close + 2;
    after_tag(sign);
  }

  /// What a closing tag takes along: all white space after `-`, one newline unless `+`.
  void after_tag(char sign) {
    const size_t close = at_;
    if (sign == '-') {
      const std::string_view rest = std::string_view(source_).substr(at_);
      at_ += rest.size() - strip(rest, Side::left).size();
    } else if (sign != '+' && at_ < source_.size() && source_[at_] == '\n') {
      ++at_;
    }
    line_starting_ = at_ > close && source_[at_ - 1] == '\n';
  }

  void read_tag() {
    const bool is_output = source_[tag_ + 1] == '{';
    const std::string_view close = is_output ? "}}" : "%}";
    add(is_output ? Token::Kind::output_begin : Token::Kind::block_begin, tag_);
    brackets_.clear();
    while (true) {
      while (at_ < source_.size() && is_space(code_point_at(source_, at_))) {
        at_ += code_point_bytes(source_, at_);
      }
      if (at_ >= source_.size()) error(tag_, fmt::format("a tag without its end {}", close));
      if (brackets_.empty() && read_close(close, is_output)) return;
      read_token();
    }
  }

  bool read_close(std::string_view close, bool is_output) {
    const char sign = source_[at_];
    const bool has_sign =
        (sign == '-' || (sign == '+' && !is_output)) && starts_with(at_ + 1, close);
    if (!has_sign && !starts_with(at_, close)) return false;
    add(is_output ? Token::Kind::output_end : Token::Kind::block_end, at_);
    at_ += close.size() + (has_sign ? 1 : 0);
    if (is_output && !has_sign) {
      line_starting_ = false;  // trim_blocks is not about outputs
    } else {
      after_tag(has_sign ? sign : ' ');
    }
    return true;
  }

  void read_token() {
    const char c = source_[at_];
    if (is_digit(c)) {
      read_number();
    } else if (is_name_start(c)) {
      const size_t begin = at_;
      while (at_ < source_.size() && is_name_part(source_[at_])) ++at_;
      if (at_ < source_.size() && (source_[at_] & 0x80) != 0) {
        error(at_, "only ASCII names are supported");
      }
      add(Token::Kind::name, begin).text = source_.substr(begin, at_ - begin);
    } else if (c == '\'' || c == '"') {
      read_string();
    } else {
      read_symbol();
    }
  }

  void read_number() {
    const size_t begin = at_;
    const auto digits = [&] {
      while (at_ < source_.size() && is_digit(source_[at_])) ++at_;
    };
    const auto digit_at = [&](size_t i) { return i < source_.size() && is_digit(source_[i]); };
    digits();
    bool is_real = false;
    // After a dot a number is a subscript: `x.1.2` is x[1][2].
    const bool after_dot = begin > 0 && source_[begin - 1] == '.';
    if (!after_dot && at_ < source_.size() && source_[at_] == '.' && digit_at(at_ + 1)) {
      is_real = true;
      ++at_;
      digits();
    }
    if (!after_dot && at_ < source_.size() && (source_[at_] == 'e' || source_[at_] == 'E')) {
      const bool has_sign =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '+' || source_[at_ + 1] == '-');
      if (digit_at(at_ + (has_sign ? 2 : 1))) {
        is_real = true;
        at_ += has_sign ? 2 : 1;
        digits();
      }
    }
    if (at_ < source_.size() && is_name_part(source_[at_])) {
      error(begin, "only decimal numbers without _ are supported");
    }
    const char* first = source_.data() + begin;
    const char* last = source_.data() + at_;
    if (is_real) {
      Token& token = add(Token::Kind::real, begin);
      if (std::from_chars(first, last, token.real).ec != std::errc()) {
        error(begin, "a number out of range");
      }
      return;
    }
    if (last - first > 1 && *first == '0') error(begin, "an integer with leading zeros");
    Token& token = add(Token::Kind::integer, begin);
    if (std::from_chars(first, last, token.integer).ec != std::errc()) {
      error(begin, "an integer above 64 bits");
    }
  }

  void read_string() {
    const size_t begin = at_;
    const char quote = source_[at_++];
    std::string value;
    while (true) {
      if (at_ >= source_.size()) error(begin, "a string without its end");
      const char c = source_[at_];
      if (c == quote) break;
      if (c == '\\') {
        read_escape(value);
      } else {
        value += c;
        ++at_;
      }
    }
    ++at_;
    add(Token::Kind::string, begin).text = std::move(value);
  }

  void read_escape(std::string& value) {
    static constexpr std::string_view kLetters = "abfnrtv\\'\"";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\'\"";
    const size_t begin = at_++;
    if (at_ >= source_.size()) return;  // the caller finds the end missing
    const char c = source_[at_++];
    if (const size_t found = kLetters.find(c); found != std::string_view::npos) {
      value += kValues[found];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      append_code(value, begin, read_code(c == 'x' ? 2 : c == 'u' ? 4 : 8, 16));
    } else if (c >= '0' && c <= '7') {
      size_t n = 1;
      --at_;
      while (n < 3 && at_ + n < source_.size() && source_[at_ + n] >= '0' &&
             source_[at_ + n] <= '7') {
        ++n;
      }
      append_code(value, begin, read_code(n, 8));
    } else if (c == 'N' || (c & 0x80) != 0) {
      error(begin, "this escape is not supported");
    } else if (c != '\n') {  // an escaped newline is nothing; an unknown escape stays
      value += '\\';
      value += c;
    }
  }

  std::optional<uint32_t> read_code(size_t num_digits, int base) {
    uint32_t code = 0;
    const char* first = source_.data() + at_;
    const char* last = first + std::min(num_digits, source_.size() - at_);
    const auto result = std::from_chars(first, last, code, base);
    at_ += static_cast<size_t>(last - first);
    if (result.ec != std::errc() || result.ptr != first + num_digits) return std::nullopt;
    return code;
  }

  void append_code(std::string& value, size_t begin, std::optional<uint32_t> code) {
    if (!code || *code > 0x10FFFF || (*code >= 0xD800 && *code < 0xE000)) {
      error(begin, "an escape that is no character");
    }
    append_code_point(value, static_cast<char32_t>(*code));
  }

  void read_symbol() {
    static constexpr std::array<std::string_view, 26> kSymbols = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
    const auto found = std::find_if(kSymbols.begin(), kSymbols.end(),
                                    [&](std::string_view s) { return starts_with(at_, s); });
    if (found == kSymbols.end()) error(at_, "an unexpected character");
    const char c = (*found)[0];
    if (c == '(' || c == '[' || c == '{') {
      brackets_ += c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets_.empty() || brackets_.back() != c) {
        error(at_, fmt::format("unexpected '{}'", c));
      }
      brackets_.pop_back();
    }
    add(Token::Kind::symbol, at_).text = *found;
    at_ += found->size();
  }

  Token& add(Token::Kind kind, size_t offset) {
    tokens_.push_back(Token{kind, {}, position(offset)});
    return tokens_.back();
  }

  /// Offsets are asked for in rising order, but for errors: counts on from the last one.
  Position position(size_t offset) {
    if (offset < counted_) {
      counted_ = 0;
      counted_position_ = {};
    }
    for (; counted_ < offset; ++counted_) {
      if (source_[counted_] == '\n') {
        ++counted_position_.line;
        counted_position_.column = 1;
      } else if ((source_[counted_] & 0xC0) != 0x80) {
        ++counted_position_.column;
      }
    }
    return counted_position_;
  }

  [[noreturn]] void error(size_t offset, const std::string& what) {
    syntax_error(name_, position(offset), what);
  }

  const std::string source_;
  const std::string& name_;
  std::vector<Token> tokens_;
  std::string brackets_;  // the closing ones that are due
  size_t at_ = 0;
  size_t tag_ = 0;             // where the present tag opens
  bool line_starting_ = true;  // only blank space may stand between a line's start and at_
  size_t counted_ = 0;
  Position counted_position_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, const std::string& name) {
  check_input(is_valid_utf8(source), "{}: the template is not valid UTF-8", name);
  return Lexer(source, name).run();
}

void syntax_error(const std::string& name, Position position, const std::string& what) {
  throw Error(fmt::format("{}:{}:{}: {}", name, position.line, position.column, what), 2);
}

}  // namespace grpo::policy::jinja
