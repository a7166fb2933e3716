#include "reward/math/lexer_names.h"

#include <unordered_map>
#include <unordered_set>

namespace grpo::reward::math {
namespace {

using Set = std::unordered_set<std::string_view>;
using Map = std::unordered_map<std::string_view, std::string_view>;

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
  static const Set names{
      "left",         "right",        "big",        "Big",        "bigg",       "Bigg",
      "bigl",         "bigr",         "Bigl",       "Bigr",       "quad",       "qquad",
      "displaystyle", "textstyle",    "limits",     "nolimits",   "middle",     "biggl",
      "biggr",        "Biggl",        "Biggr",      "hfill",      "mathstrut",  "strut",
      "nonumber",     "thinspace",    "enspace",    "space",      "rm",         "tiny",
      "scriptsize",   "footnotesize", "small",      "normalsize", "large",      "Large",
      "LARGE",        "huge",         "Huge",       "underline",  "ensuremath", "scriptstyle",
      "bf",           "it",           "normalfont", "sf"};
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
                         {"longrightarrow", "rightarrow"},
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
      {"⩾", ">="},       {"∗", "*"},        {"。", ""},     {"€", "€"},     {"£", "£"},
      {"¥", "¥"},        {"\u00A0", ""},    {"α", "alpha"}, {"β", "beta"},  {"γ", "gamma"},
      {"θ", "theta"},    {"λ", "lambda"},   {"μ", "mu"},    {"σ", "sigma"}, {"φ", "phi"},
      {"ω", "omega"}};
  return signs;
}

}  // namespace

bool is_function_name(std::string_view name) { return functions().contains(name); }

bool is_ignored(std::string_view command) { return ignored().contains(command); }

bool drops_group(std::string_view command) {
  static const Set names{"color", "textcolor", "phantom", "hphantom", "vphantom", "hspace"};
  return names.contains(command);
}

bool holds_words(std::string_view command) {
  static const Set names{"text",   "textbf",       "mbox",   "textrm",     "textit",
                         "mathrm", "operatorname", "mathbf", "mathit",     "hbox",
                         "mathsf", "boldsymbol",   "bold",   "textnormal", "textsf",
                         "texttt", "emph",         "bm",     "mathnormal"};
  return names.contains(command);
}

std::string_view vulgar_fraction(std::string_view bytes) {
  static const Map fractions{{"½", "12"}, {"⅓", "13"}, {"⅔", "23"}, {"¼", "14"}, {"¾", "34"},
                             {"⅕", "15"}, {"⅖", "25"}, {"⅗", "35"}, {"⅘", "45"}, {"⅙", "16"},
                             {"⅚", "56"}, {"⅛", "18"}, {"⅜", "38"}, {"⅝", "58"}, {"⅞", "78"}};
  const auto found = fractions.find(bytes);
  return found == fractions.end() ? "" : found->second;
}

char script_digit(std::string_view bytes) {
  static const Map digits{{"⁰", "0"}, {"¹", "1"}, {"²", "2"}, {"³", "3"}, {"⁴", "4"}, {"⁵", "5"},
                          {"⁶", "6"}, {"⁷", "7"}, {"⁸", "8"}, {"⁹", "9"}, {"⁻", "-"}, {"₀", "0"},
                          {"₁", "1"}, {"₂", "2"}, {"₃", "3"}, {"₄", "4"}, {"₅", "5"}, {"₆", "6"},
                          {"₇", "7"}, {"₈", "8"}, {"₉", "9"}};
  const auto found = digits.find(bytes);
  return found == digits.end() ? '\0' : found->second[0];
}

std::string_view usual_name(std::string_view command) {
  const auto found = same_command().find(command);
  return found == same_command().end() ? command : found->second;
}

std::optional<std::string_view> unicode_sign(std::string_view bytes) {
  const auto found = unicode_signs().find(bytes);
  if (found == unicode_signs().end()) return std::nullopt;
  return found->second;
}

}  // namespace grpo::reward::math
