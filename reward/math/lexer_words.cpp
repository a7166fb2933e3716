#include <algorithm>

#include "reward/extract_rules.h"
#include "reward/math/lexer_names.h"
#include "reward/math/lexer_state.h"
#include "reward/math/units.h"
#include "reward/math/words.h"

namespace grpo::reward::math {

void Lexer::word() {
  size_t end = at_;
  while (end < text_.size() && is_letter(text_[end])) ++end;
  const auto run = text_.substr(at_, end - at_);
  const bool after_number = follows_number();
  if (is_function_name(run) && !(run == "min" && after_number)) {
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
  } else if ((run == "a" || run == "p") && text_.substr(at_ + 1, 2) == ".m") {
    add(Kind::text, run == "a" ? "am" : "pm");
    end = std::min(at_ + 3 + (text_.substr(at_ + 3, 1) == "." ? 1 : 0), text_.size());
  } else if ((run == "AM" || run == "PM") && after_number && space_ && ends_at(end)) {
    add(Kind::text, lowered(run));  // "10:15 AM"; 3AM is three times a length
    // What follows stands in the order of its meaning. NOLINTNEXTLINE(bugprone-branch-clone)
  } else if (run == "in" && after_number && space_ && ends_at(end)) {
    add(Kind::text, run);  // "6 in."; 2in is 2 times i times n
  } else if ((run == "a" || run == "an") && after_unit() && text_.substr(end, 1) == " ") {
    add(Kind::text, "per");  // "540 meters a week"
  } else if (is_article(run, end)) {
    space_ = true;  // "a maximum", "A square"
  } else if (is_sentence_word(run) && stands_alone(end)) {
    throw ParseError("a sentence", start_);
  } else if (after_per() && is_short_unit(run)) {
    add(Kind::text, run);
  } else if ((run == "x" || run == "X") && is_times()) {
    add(Kind::mark, "*");
  } else if (changes_value(run)) {
    throw ParseError("a word that changes the value", start_);
  } else if (run.size() >= 4 || is_short_word(run) || (after_number && is_short_unit(run))) {
    meaning(run);
  } else {
    for (size_t i = 0; i < run.size(); ++i) {
      start_ = at_ + i;
      add(Kind::letter, run.substr(i, 1));
    }
  }
  at_ = end;
}

bool Lexer::ends_at(size_t at) const {
  return text_.find_first_not_of(" .$)}", at) == std::string_view::npos;
}

bool Lexer::stands_alone(size_t end) const {
  const bool before = at_ == 0 || is_blank(text_[at_ - 1]);
  return before && (end >= text_.size() || is_blank(text_[end]));
}

bool Lexer::is_article(std::string_view run, size_t end) const {
  const std::string word = lowered(run);
  if ((word != "a" && word != "an") || !stands_alone(end)) return false;
  if (!tokens_.empty() && tokens_.back().kind != Kind::text) return false;
  size_t next = end;
  while (next < text_.size() && text_[next] == ' ') ++next;
  size_t stop = next;
  while (stop < text_.size() && is_letter(text_[stop])) ++stop;
  return stop - next >= 4;
}

bool Lexer::after_unit() const {
  return tokens_.size() >= 2 && tokens_.back().kind == Kind::text &&
         tokens_[tokens_.size() - 2].kind == Kind::number;
}

bool Lexer::is_times() const {
  return !tokens_.empty() && tokens_.back().kind == Kind::number && space_ &&
         text_.substr(at_ + 1, 4) == " 10^";
}

void Lexer::meaning(std::string_view word) {
  if (const char sign = operator_word(word)) return add(Kind::mark, std::string_view(&sign, 1));
  if (changes_value(word)) throw ParseError("a word that changes the value", start_);
  if (const long factor = multiplier(word)) {
    add(Kind::mark, "*");
    return add(Kind::number, std::to_string(factor));
  }
  add(Kind::text, word);
}

void Lexer::words(std::string_view command, std::string_view content) {
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
  if (const std::string joint = lowered(inner.substr(0, inner.find(',')));
      inner.size() <= 4 && (joint == "and" || joint == "or")) {
    return add(Kind::command, joint);
  }
  if (is_function_name(inner) && !(inner == "min" && follows_value())) {
    return add(Kind::command, inner);
  }
  if ((command.starts_with("text") || command == "mathrm" || command == "mbox") &&
      (is_unit_letter(inner) || (is_si_letter(inner) && follows_value()))) {
    return add(Kind::text, inner);
  }
  if (inner.size() == 1 && is_letter(inner[0])) return add(Kind::letter, inner);
  if (inner == "degrees" || inner == "degree") return add(Kind::mark, "°");
  if (inner == "percent") return add(Kind::mark, "%");
  if (is_digit(inner[0]) && inner.find_first_of("\\{}$") == std::string_view::npos &&
      inner.find_first_not_of("0123456789") != std::string_view::npos) {
    return plain(inner);
  }
  if (are_choices(inner)) return plain(inner);
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

/// \text{6 inches}, \text{A, C}: a number with its unit, or choices, set upright.
void Lexer::plain(std::string_view inner) {
  for (auto& token : Lexer(inner).run()) {
    if (token.kind == Kind::end) return;
    space_ = space_ || token.space_before;
    add(token.kind, token.text);
  }
}

bool Lexer::are_choices(std::string_view inner) {
  bool letter = false, comma = false;
  for (const char c : inner) {
    if (c == ' ') continue;
    if (c == ',' ? !letter : letter || c < 'A' || c > 'J') return false;
    letter = c != ',';
    comma = comma || c == ',';
  }
  return comma && letter;
}

void Lexer::phrase(std::string_view words) {
  for (auto rest = words; !rest.empty();) {
    const auto word = rest.substr(0, rest.find(' '));
    if (changes_value(word) || operator_word(word) != 0 || multiplier(word) != 0) {
      throw ParseError("a word that changes the value", start_);
    }
    rest = trim(rest.substr(word.size()));
  }
  add(Kind::text, words);
}

}  // namespace grpo::reward::math
