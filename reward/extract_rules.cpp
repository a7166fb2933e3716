#include "reward/extract_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "reward/ascii.h"
#include "reward/next_place.h"

namespace grpo::reward {
namespace {

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

std::string_view line_from(std::string_view text, size_t at) {
  return text.substr(at, text.find('\n', at) - at);
}

/// The end of the box command at `at`, or 0 if none stands there.
size_t box_command(std::string_view text, size_t at) {
  for (const std::string_view name : {"\\boxed", "\\fbox"}) {
    if (text.substr(at, name.size()) == name) return at + name.size();
  }
  return 0;
}

/// One number from `at`: digits with separators and decimals, `.5`, an exponent. Returns its end.
size_t number_end(std::string_view text, size_t at) {
  size_t i = at;
  while (i < text.size() && is_digit(text[i])) ++i;
  const bool whole = i > at;
  // Thousands separators: a comma (or a space) and exactly three digits, after one to three.
  while (whole && i - at <= 15 && i + 3 < text.size() && (text[i] == ',' || text[i] == ' ') &&
         is_digit(text[i + 1]) && is_digit(text[i + 2]) && is_digit(text[i + 3]) &&
         (i + 4 >= text.size() || !is_digit(text[i + 4]))) {
    i += 4;
  }
  if (i + 1 < text.size() && (text[i] == '.' || text[i] == ',') && is_digit(text[i + 1])) {
    size_t j = i + 1;
    while (j < text.size() && is_digit(text[j])) ++j;
    i = j;
  }
  return i == at ? at : i;
}

bool starts_number(std::string_view text, size_t at) {
  if (is_digit(text[at])) return true;
  return text[at] == '.' && at + 1 < text.size() && is_digit(text[at + 1]) &&
         (at == 0 || !is_digit(text[at - 1]));
}

/// Parentheses that have no partner inside are punctuation of the sentence around.
std::string_view without_lone_parentheses(std::string_view piece) {
  auto surplus =
      std::count(piece.begin(), piece.end(), '(') - std::count(piece.begin(), piece.end(), ')');
  for (; surplus > 0 && piece.front() == '('; --surplus) piece.remove_prefix(1);
  for (; surplus < 0 && piece.back() == ')'; ++surplus) piece.remove_suffix(1);
  return piece;
}

/// "A car" is an article, "A is right" a choice.
bool is_article(std::string_view text, size_t at) {
  if (text[at] != 'A' || at + 2 >= text.size() || text[at + 1] != ' ') return false;
  const auto rest = text.substr(at + 2);
  if (!(rest[0] >= 'a' && rest[0] <= 'z')) return false;
  for (const std::string_view verb : {"is", "was", "and", "or", "as", "because"}) {
    if (rest.substr(0, verb.size()) == verb && word_boundary(rest, verb.size())) return false;
  }
  return true;
}

}  // namespace

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> brace_group(std::string_view text, size_t open) {
  int64_t depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return text.substr(open + 1, i - open - 1);
    }
  }
  return std::nullopt;
}

std::vector<Found> boxes(std::string_view text) {
  std::vector<Found> found;
  for (size_t at = 0; (at = text.find('\\', at)) != std::string_view::npos;) {
    const size_t end = box_command(text, at);
    if (end == 0) {
      ++at;
      continue;
    }
    const size_t open = skip_blanks(text, end);
    at = end;
    if (open >= text.size() || text[open] != '{') continue;
    const auto content = brace_group(text, open);
    if (!content) break;  // every later box lies inside this one's open brace
    at = open + content->size() + 2;
    found.push_back({*content, at, true});
  }
  return found;
}

std::optional<Found> last_box(std::string_view text) {
  const size_t start = [&] {
    const auto boxed = text.rfind("\\boxed"), framed = text.rfind("\\fbox");
    if (boxed == std::string_view::npos) return framed;
    return framed == std::string_view::npos ? boxed : std::max(boxed, framed);
  }();
  if (start == std::string_view::npos) return std::nullopt;
  const size_t open = skip_blanks(text, box_command(text, start));
  if (open >= text.size() || text[open] != '{') return std::nullopt;
  const auto content = brace_group(text, open);
  if (!content) return std::nullopt;
  return Found{*content, open + content->size() + 2, true};
}

std::optional<std::string_view> last_tag(std::string_view text, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">", close = "</" + std::string(name) + ">";
  const auto end = text.rfind(close);
  if (end == std::string_view::npos) return std::nullopt;
  const auto begin = text.substr(0, end).rfind(open);
  if (begin == std::string_view::npos) return std::nullopt;
  return text.substr(begin + open.size(), end - begin - open.size());
}

std::vector<Found> math_environments(std::string_view text) {
  struct Pair {
    std::string_view open;
    bool display;  // inline math does not run over a line
    NextPlace close;
  };
  std::array<Pair, 4> pairs{{{"$$", true, {text, "$$"}},
                             {"\\[", true, {text, "\\]"}},
                             {"\\(", false, {text, "\\)"}},
                             {"$", false, {text, "$"}}}};
  NextPlace newline(text, "\n");
  std::vector<Found> found;
  for (size_t at = 0; (at = text.find_first_of("$\\", at)) != std::string_view::npos;) {
    const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& p) {
      return text.substr(at, p.open.size()) == p.open;
    });
    if (pair == pairs.end()) {
      at += 2;  // a command, or \$ of money
      continue;
    }
    const size_t begin = at + pair->open.size();
    const size_t close = pair->close.from(begin);
    if (close == std::string_view::npos || (!pair->display && newline.from(begin) < close)) {
      at = begin;
      continue;
    }
    at = close + pair->open.size();
    found.push_back({text.substr(begin, close - begin), at, false});
  }
  return found;
}

std::vector<Found> plain_expressions(std::string_view text) {
  std::vector<Found> found;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!starts_number(text, at) ||
        (at > 0 && (is_letter(text[at - 1]) || text[at - 1] == '_' || text[at - 1] == '^'))) {
      continue;
    }
    size_t begin = at;
    // A sign, parentheses and money before the number belong to it.
    while (begin > 0 &&
           (text[begin - 1] == '(' || text[begin - 1] == '-' || text[begin - 1] == '$')) {
      --begin;
    }
    size_t end = number_end(text, at);
    // number (op number)*, blanks allowed around the operators
    for (;;) {
      size_t i = end;
      while (i < text.size() && text[i] == ')') ++i;
      const size_t closed = i;
      while (i < text.size() && text[i] == ' ') ++i;
      if (i >= text.size() || std::string_view("+-*/^").find(text[i]) == std::string_view::npos) {
        end = closed;
        break;
      }
      ++i;
      if (i < text.size() && text[i] == '*') ++i;
      while (i < text.size() && (text[i] == ' ' || text[i] == '(' || text[i] == '-')) ++i;
      if (i >= text.size() || !starts_number(text, i)) {
        end = closed;
        break;
      }
      end = number_end(text, i);
    }
    if (end < text.size() && text[end] == '%') ++end;
    const auto piece = without_lone_parentheses(text.substr(begin, end - begin));
    found.push_back({piece, end, false});
    at = end > at ? end - 1 : at;
  }
  return found;
}

std::optional<std::string_view> after_hashes(std::string_view text) {
  const auto mark = text.rfind("####");
  if (mark == std::string_view::npos) return std::nullopt;
  return trim(line_from(text, mark + 4));
}

std::optional<std::string_view> last_answer_line(std::string_view text) {
  const std::string low = lowered(text);
  for (size_t at = low.rfind("answer"); at != std::string::npos;
       at = at == 0 ? std::string::npos : low.rfind("answer", at - 1)) {
    size_t i = at + 6;
    while (i < low.size() && (low[i] == ' ' || low[i] == '*')) ++i;
    if (i < low.size() && low[i] == ':') {
      auto line = trim(line_from(text, i + 1));
      while (!line.empty() && line.front() == '*') line = trim(line.substr(1));
      if (!line.empty()) return line;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> after_answer_is(std::string_view text, std::string_view language) {
  const auto anchors = answer_anchors(text, language);
  if (anchors.empty()) return std::nullopt;
  auto rest = trim(line_from(text, std::min(anchors.back().end, text.size())));
  // The sentence ends at a full stop that is not a decimal point.
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '.' && (i + 1 == rest.size() || is_blank(rest[i + 1]))) {
      rest = rest.substr(0, i);
      break;
    }
  }
  while (!rest.empty() && (rest.front() == '*' || rest.front() == '"')) rest.remove_prefix(1);
  while (!rest.empty() && (rest.back() == '*' || rest.back() == '"')) rest.remove_suffix(1);
  rest = trim(rest);
  if (rest.empty()) return std::nullopt;
  return rest;
}

std::optional<std::string_view> last_bracket(std::string_view text) {
  const auto close = text.rfind(']');
  if (close == std::string_view::npos) return std::nullopt;
  const auto open = text.substr(0, close).rfind('[');
  if (open == std::string_view::npos) return std::nullopt;
  return trim(text.substr(open + 1, close - open - 1));
}

std::optional<std::string_view> choice_letter(std::string_view text, std::string_view allowed,
                                              std::string_view language) {
  const auto counts = [&](size_t at) {
    return at < text.size() &&
           (allowed.empty() ? text[at] >= 'A' && text[at] <= 'J' && text[at] != 'I'
                            : allowed.find(text[at]) != std::string_view::npos) &&
           word_boundary(text, at) && word_boundary(text, at + 1) &&
           (at == 0 || text[at - 1] != '\'');
  };
  const auto skip_marks = [&](size_t at) {
    while (at < text.size() &&
           std::string_view(" (*$\"\n").find(text[at]) != std::string_view::npos) {
      ++at;
    }
    return at;
  };
  const auto anchors = answer_anchors(text, language);
  for (auto anchor = anchors.rbegin(); anchor != anchors.rend(); ++anchor) {
    size_t at = skip_marks(anchor->end);
    // "the answer is option C"
    for (const std::string_view word : {"option", "choice", "letter"}) {
      if (lowered(text.substr(at, word.size())) == word) at = skip_marks(at + word.size());
    }
    if (counts(at)) return text.substr(at, 1);
  }
  // "B. …", "B) …", and a letter right before text of another script.
  if (const size_t at = skip_marks(0); counts(at) && at + 1 < text.size()) {
    const char next = text[at + 1];
    if (next == '.' || next == ')' || next == ':' || static_cast<unsigned char>(next) >= 0x80) {
      return text.substr(at, 1);
    }
  }
  for (size_t at = text.size(); at-- > 0;) {
    if (counts(at) && !is_article(text, at)) return text.substr(at, 1);
  }
  const auto whole = trim(text);
  if (whole.size() == 1 && whole[0] >= 'a' && whole[0] <= 'j') return whole;
  return std::nullopt;
}

std::optional<std::string_view> last_number(std::string_view text) {
  for (size_t at = text.size(); at-- > 0;) {
    if (!is_digit(text[at])) continue;
    // Walk left to the start of the run of digits, separators and one fraction bar.
    size_t begin = at;
    while (begin > 0 && (is_digit(text[begin - 1]) ||
                         ((text[begin - 1] == ',' || text[begin - 1] == '.') && begin > 1 &&
                          is_digit(text[begin - 2])) ||
                         (text[begin - 1] == '/' && begin > 1 && is_digit(text[begin - 2])))) {
      --begin;
    }
    if (begin > 0 && text[begin - 1] == '.') --begin;
    // A minus sign, unless it subtracts from something before it.
    if (begin > 0 && text[begin - 1] == '-' &&
        (begin == 1 ||
         !(is_digit(text[begin - 2]) || is_letter(text[begin - 2]) || text[begin - 2] == ')'))) {
      --begin;
    }
    size_t end = at + 1;
    if (end < text.size() && text[end] == '%') ++end;
    return text.substr(begin, end - begin);
  }
  return std::nullopt;
}

}  // namespace grpo::reward
