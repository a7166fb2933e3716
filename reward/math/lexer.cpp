#include "reward/math/lexer.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/utf8.h"
#include "reward/extract_rules.h"
#include "reward/math/words.h"

namespace grpo::reward::math {
namespace {

using Kind = Token::Kind;
using Set = std::unordered_set<std::string_view>;
using Map = std::unordered_map<std::string_view, std::string_view>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

const Set& functions() {
  static const Set names{"sin",    "cos",    "tan",     "cot",     "sec",     "csc",    "arcsin",
                         "arccos", "arctan", "arccot",  "arcsec",  "arccsc",  "sinh",   "cosh",
                         "tanh",   "coth",   "arcsinh", "arccosh", "arctanh", "arsinh", "arcosh",
                         "artanh", "asin",   "acos",    "atan",    "log",     "ln",     "lg",
                         "exp",    "max",    "min",     "gcd",     "lcm",     "floor",  "ceil",
                         "abs",    "det",    "sgn",     "sqrt"};
  return names;
}

/// Commands that say nothing about the value.
const Set& ignored() {
  static const Set names{"left",     "right",     "big",          "Big",       "bigg",
                         "Bigg",     "bigl",      "bigr",         "Bigl",      "Bigr",
                         "quad",     "qquad",     "displaystyle", "textstyle", "limits",
                         "nolimits", "middle",    "biggl",        "biggr",     "Biggl",
                         "Biggr",    "hfill",     "hspace",       "mathstrut", "strut",
                         "nonumber", "thinspace", "enspace",      "space"};
  return names;
}

const Map& same_command() {
  static const Map names{{"dfrac", "frac"},
                         {"tfrac", "frac"},
                         {"cfrac", "frac"},
                         {"dbinom", "binom"},
                         {"tbinom", "binom"},
                         {"lvert", "|"},
                         {"rvert", "|"},
                         {"vert", "|"},
                         {"lbrace", "\\{"},
                         {"rbrace", "\\}"},
                         {"lbrack", "["},
                         {"rbrack", "]"},
                         {"le", "<="},
                         {"leq", "<="},
                         {"leqslant", "<="},
                         {"ge", ">="},
                         {"geq", ">="},
                         {"geqslant", ">="},
                         {"ne", "!="},
                         {"neq", "!="},
                         {"lt", "<"},
                         {"gt", ">"},
                         {"approx", "~"},
                         {"simeq", "~"},
                         {"cdot", "*"},
                         {"times", "*"},
                         {"ast", "*"},
                         {"div", "/"},
                         {"bullet", "*"},
                         {"colon", ":"},
                         {"lparen", "("},
                         {"rparen", ")"},
                         {"land", "and"},
                         {"wedge", "and"},
                         {"lor", "or"},
                         {"vee", "or"},
                         {"exponentialE", "euler"},
                         {"degree", "circ"},
                         {"infin", "infty"},
                         {"oo", "infty"},
                         {"mp", "pm"},
                         {"bmod", "mod"},
                         {"pmod", "mod"},
                         {"to", "rightarrow"},
                         {"varnothing", "emptyset"},
                         {"backslash", "setminus"},
                         {"smallsetminus", "setminus"},
                         {"subset", "subseteq"},
                         {"supset", "supseteq"},
                         {"mid", "|"},
                         {"equiv", "="},
                         {"ceiling", "ceil"},
                         {"Rightarrow", "rightarrow"},
                         {"Longrightarrow", "rightarrow"},
                         {"prime", "'"},
                         {"percent", "%"}};
  return names;
}

const Map& unicode_signs() {
  static const Map signs{
      {"∪", "cup"},      {"∩", "cap"},      {"∞", "infty"}, {"π", "pi"},    {"√", "sqrt"},
      {"°", "circ"},     {"×", "*"},        {"·", "*"},     {"⋅", "*"},     {"÷", "/"},
      {"−", "-"},        {"–", "-"},        {"≤", "<="},    {"≥", ">="},    {"≠", "!="},
      {"≈", "~"},        {"±", "pm"},       {"∓", "pm"},    {"∈", "in"},    {"∉", "notin"},
      {"∅", "emptyset"}, {"∖", "setminus"}, {"，", ","},    {"；", ";"},    {"：", ":"},
      {"（", "("},       {"）", ")"},       {"′", "'"},     {"≡", "="},     {"⩽", "<="},
      {"⩾", ">="},       {"∗", "*"},        {"。", ""},     {"€", ""},      {"£", ""},
      {"¥", ""},         {"\u00A0", ""},    {"α", "alpha"}, {"β", "beta"},  {"γ", "gamma"},
      {"θ", "theta"},    {"λ", "lambda"},   {"μ", "mu"},    {"σ", "sigma"}, {"φ", "phi"},
      {"ω", "omega"}};
  return signs;
}

class Lexer {
 public:
  explicit Lexer(std::string_view text)
      : text_(text), has_environment_(text.find("\\begin") != std::string_view::npos) {}

  std::vector<Token> run() {
    if (text_.size() > kMaxTextLength) throw ParseError("longer than can be an answer", 0);
    while (at_ < text_.size()) {
      if (tokens_.size() > kMaxTokens) throw ParseError("too many signs", at_);
      next();
    }
    start_ = at_;
    add(Kind::end, "");
    return std::move(tokens_);
  }

 private:
  void add(Kind kind, std::string_view text) {
    tokens_.push_back({kind, std::string(text), start_, space_});
    space_ = false;
  }

  void next() {
    start_ = at_;
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~') {
      ++at_;
      space_ = true;
    } else if (c == '$') {
      ++at_;
      space_ = true;
    } else if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
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

  /// The end of a thousands separator at `at` that exactly three digits follow, else `at`.
  size_t separator_end(size_t at) const {
    for (const std::string_view separator : {",\\!", ",\\,", "{,}", ",", "\\,", "\\ ", " "}) {
      if (text_.substr(at, separator.size()) != separator) continue;
      size_t digits = at + separator.size();
      if (separator == ",\\!" && digits < text_.size() && text_[digits] == ' ') ++digits;
      size_t end = digits;
      while (end < text_.size() && is_digit(text_[end])) ++end;
      if (end - digits == 3) return digits;
    }
    return at;
  }

  void number() {
    std::string digits;
    const auto take_digits = [&] {
      while (at_ < text_.size() && is_digit(text_[at_])) digits += text_[at_++];
    };
    take_digits();
    // Inside brackets a comma lists: (1,234) is a pair. "0,111" has a decimal comma.
    if (brackets_ == 0 && digits == "0" && text_.substr(at_, 1) == "," &&
        separator_end(at_) > at_) {
      digits += '.';
      ++at_;
      take_digits();
    } else if (brackets_ == 0 && !digits.empty() && digits.size() <= 3 && digits[0] != '0') {
      for (size_t next; (next = separator_end(at_)) > at_;) {
        at_ = next;
        take_digits();
      }
    }
    if (at_ + 1 < text_.size() && text_[at_] == '.' && is_digit(text_[at_ + 1])) {
      digits += text_[at_++];
      take_digits();
    } else if (text_.substr(at_, 10) == ".\\overline" || text_.substr(at_, 5) == ".\\dot") {
      digits += text_[at_++];  // "0.\overline{3}"
    }
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

  void word() {
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const auto run = text_.substr(at_, end - at_);
    const bool after_number = !tokens_.empty() && tokens_.back().kind == Kind::number;
    if (is_function_name(run)) {
      add(Kind::command, run == "asin"   ? "arcsin"
                         : run == "acos" ? "arccos"
                         : run == "atan" ? "arctan"
                                         : run);
    } else if (run == "and" || run == "or" || run == "mod" || run == "pi" || run == "infty") {
      add(Kind::command, run);
    } else if (run == "infinity" || run == "oo" || run == "inf") {
      add(Kind::command, "infty");
    } else if (run == "degrees" || run == "degree") {
      add(Kind::mark, "°");
    } else if (run == "percent" || (run == "pct" && after_number)) {
      add(Kind::mark, "%");
    } else if (changes_value(run)) {
      throw ParseError("a word that changes the value", start_);
    } else if (run.size() >= 4 || (after_number && is_short_unit(run))) {
      meaning(run);
    } else {
      for (size_t i = 0; i < run.size(); ++i) {
        start_ = at_ + i;
        add(Kind::letter, run.substr(i, 1));
      }
    }
    at_ = end;
  }

  /// Plain words: operators, multipliers, units and labels.
  void meaning(std::string_view word) {
    if (const char sign = operator_word(word)) return add(Kind::mark, std::string_view(&sign, 1));
    if (changes_value(word)) throw ParseError("a word that changes the value", start_);
    if (const long factor = multiplier(word)) {
      add(Kind::mark, "*");
      return add(Kind::number, std::to_string(factor));
    }
    add(Kind::text, word);
  }

  void unicode() {
    const CodePoint point = decode_utf8(text_.substr(at_));
    if (!point.valid) throw ParseError("bytes that are no UTF-8", at_);
    const auto bytes = text_.substr(at_, point.size);
    at_ += point.size;
    if (bytes == "²" || bytes == "³") {
      add(Kind::mark, "^");
      return add(Kind::number, bytes == "²" ? "2" : "3");
    }
    const auto sign = unicode_signs().find(bytes);
    if (sign == unicode_signs().end()) {
      // Letters of other scripts are words.
      if (script_of(point.code) == Script::common) throw ParseError("an unknown sign", start_);
      while (at_ < text_.size() && static_cast<unsigned char>(text_[at_]) >= 0x80) {
        const CodePoint more = decode_utf8(text_.substr(at_));
        if (!more.valid || script_of(more.code) == Script::common) break;
        at_ += more.size;
      }
      return add(Kind::text, text_.substr(start_, at_ - start_));
    }
    if (sign->second == "circ") return add(Kind::mark, "°");
    if (!sign->second.empty()) emit(sign->second);
  }

  /// A command or mark by its normal name.
  void emit(std::string_view name) {
    const bool spelled = is_letter(name[0]);
    add(spelled ? Kind::command : Kind::mark, name);
  }

  void mark() {
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

  void command() {
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
    if (ignored().contains(name)) {
      // "\left." stands for no bracket at all; "\hspace{…}" takes its length along.
      if ((name == "left" || name == "right") && at_ < text_.size() && text_[at_] == '.') ++at_;
      if ((name == "left" || name == "right") && at_ < text_.size() &&
          (text_[at_] == '{' || text_[at_] == '}')) {
        add(Kind::mark, text_[at_] == '{' ? "\\{" : "\\}");
        ++at_;
      }
      if (name == "hspace") group();
      space_ = true;
      return;
    }
    if (name == "char") {
      while (at_ < text_.size() && (text_[at_] == '"' || is_digit(text_[at_]))) ++at_;
      return add(Kind::command, std::string("char") + std::string(text_.substr(end, at_ - end)));
    }
    if (name == "text" || name == "textbf" || name == "mbox" || name == "textrm" ||
        name == "textit" || name == "mathrm" || name == "operatorname" || name == "mathbf" ||
        name == "mathit" || name == "rm" || name == "hbox" || name == "mathsf" ||
        name == "boldsymbol" || name == "bold") {
      if (name == "rm") return;
      return words(name, group());
    }
    const auto same = same_command().find(name);
    emit(same == same_command().end() ? name : same->second);
  }

  void escaped(char c) {
    at_ += 2;
    if (c == '{') ++brackets_;
    if (c == '}' && brackets_ > 0) --brackets_;
    if (c == '{' || c == '}') return add(Kind::mark, c == '{' ? "\\{" : "\\}");
    if (c == '%') return add(Kind::mark, "%");
    if (c == '|') return add(Kind::mark, "|");
    if (c == '\\') return add(Kind::mark, "\\\\");
    if (c == '_' || c == '&') return add(Kind::mark, std::string(1, c));
    // \, \; \! \: \<space> are spacing, \$ is money, \( \) \[ \] delimit math.
    if (std::string_view(",;!: $()[]/\n").find(c) == std::string_view::npos) {
      throw ParseError("an unknown command", start_);
    }
    space_ = space_ || c != '!';
  }

  std::string_view group() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size()) throw ParseError("a command without its argument", start_);
    if (text_[at_] != '{') return text_.substr(at_++, 1);
    const auto content = brace_group(text_, at_);
    if (!content) throw ParseError("an opening brace that is never closed", at_);
    at_ += content->size() + 2;
    return *content;
  }

  void words(std::string_view command, std::string_view content) {
    auto inner = trim(content);
    while (!inner.empty() && (inner.front() == '~' || inner.front() == ','))
      inner = trim(inner.substr(1));
    if (inner.size() >= 2 && inner.front() == '(' && inner.back() == ')') {
      inner = inner.substr(1, inner.size() - 2);
    }
    if (inner.empty()) {
      space_ = true;
      return;
    }
    if (inner == "and" || inner == "or" || inner == "or," || inner == "and,") {
      return add(Kind::command, inner.substr(0, inner.find(',')));
    }
    if (is_function_name(inner)) return add(Kind::command, inner);
    if (inner.size() == 1 && is_letter(inner[0])) return add(Kind::letter, inner);
    if (inner == "degrees" || inner == "degree") return add(Kind::mark, "°");
    if (inner == "percent") return add(Kind::mark, "%");
    // Numbers set upright are numbers.
    if (std::all_of(inner.begin(), inner.end(), is_digit)) return add(Kind::number, inner);
    if (command == "mathbf" || command == "mathit") {
      for (const char c : inner) {
        if (!is_letter(c)) throw ParseError("a formula in bold", start_);
        add(Kind::letter, std::string_view(&c, 1));
      }
      return;
    }
    if (std::any_of(inner.begin(), inner.end(), [](char c) { return c == ' '; })) {
      return phrase(inner);
    }
    meaning(inner);
  }

  /// Several words are one text, unless one of them changes the value.
  void phrase(std::string_view words) {
    for (auto rest = words; !rest.empty();) {
      const auto word = rest.substr(0, rest.find(' '));
      if (changes_value(word) || operator_word(word) != 0 || multiplier(word) != 0) {
        throw ParseError("a word that changes the value", start_);
      }
      rest = trim(rest.substr(word.size()));
    }
    add(Kind::text, words);
  }

  static constexpr size_t kMaxNumberLength = 2000;

  std::string_view text_;
  bool has_environment_;
  size_t at_ = 0;
  size_t start_ = 0;
  int brackets_ = 0;  // open ( [ and \{
  bool space_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

bool is_function_name(std::string_view name) { return functions().contains(name); }

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace grpo::reward::math
