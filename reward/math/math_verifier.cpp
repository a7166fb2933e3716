#include "reward/math/math_verifier.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/error.h"
#include "reward/ascii.h"
#include "reward/extract_rules.h"
#include "reward/math/child.h"
#include "reward/math/compare.h"
#include "reward/math/latex.h"
#include "reward/math/rational.h"
#include "reward/math/words.h"

namespace grpo::reward::math {
namespace {

constexpr size_t kMaxWords = 2000;  // longer answers are equal only when they are identical

/// The text without what carries no meaning: blanks (but between digits), $, sizes, spacing, the
/// braces of \text, a final full stop. Other braces stay: \frac{17}{2} is not \frac{1}{72}.
std::string normalized(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kIgnored{"\\left", "\\right", "\\,", "\\!",
                                                            "\\;",    "\\ ",     "$"};
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto rest = text.substr(i);
    const auto ignored = std::find_if(kIgnored.begin(), kIgnored.end(), [&](std::string_view sign) {
      return rest.starts_with(sign) &&
             !(sign.size() > 2 && rest.size() > sign.size() && is_letter(rest[sign.size()]));
    });
    if (ignored != kIgnored.end()) {
      i += ignored->size() - 1;
      continue;
    }
    bool wrapped = false;
    for (const std::string_view command : {"\\text", "\\mathrm", "\\mbox", "\\textbf"}) {
      if (!rest.starts_with(command) || rest.substr(command.size(), 1) != "{") continue;
      const auto content = brace_group(rest, command.size());
      if (!content) continue;
      result += *content;
      i += command.size() + content->size() + 1;
      wrapped = true;
      break;
    }
    if (wrapped) continue;
    const char c = text[i];
    if (c == '\n' || c == '\t' || c == '\r') continue;
    if (c == ' ') {
      // "1 2" is not 12: a blank between digits stays.
      const bool digits = !result.empty() && i + 1 < text.size() && is_digit(result.back()) &&
                          is_digit(text[i + 1]);
      if (!digits) continue;
    }
    result += c;
  }
  if (!result.empty() && result.back() == '.') result.pop_back();
  return result;
}

void rename_symbols(Expression& e, std::map<std::string, std::string>& names) {
  if (e.op == Op::symbol) {
    const auto next = "v" + std::to_string(names.size() + 1);
    e.name = names.emplace(e.name, next).first->second;
  }
  // The index of a sum is a name as well.
  if (e.op == Op::sum || e.op == Op::product) {
    const auto next = "v" + std::to_string(names.size() + 1);
    e.name = names.emplace(e.name, next).first->second;
  }
  for (auto& arg : e.args) {
    Expression copy = *arg;
    rename_symbols(copy, names);
    arg = std::make_shared<const Expression>(std::move(copy));
  }
}

/// Symbols called v1, v2 … in the order of their first appearance.
Ref renamed(const Ref& tree) {
  std::map<std::string, std::string> names;
  Expression copy = *tree;
  rename_symbols(copy, names);
  return std::make_shared<const Expression>(std::move(copy));
}

/// An answer as it should be read: without a box of its own, chat markers and $ around.
std::string_view unwrapped(std::string_view text) {
  text = trim(text);
  if (const auto marker = text.find("<|"); marker != std::string_view::npos) {
    text = trim(text.substr(0, marker));
  }
  // **5**: bold in Markdown
  while (text.size() > 4 && text.starts_with("**") && text.ends_with("**")) {
    text = trim(text.substr(2, text.size() - 4));
  }
  return text;
}

/// Mathematics, or a number in words.
ParseResult read(std::string_view text) {
  auto result = parse_math(text);
  if (result && result.tree->op != Op::text) return result;
  std::string_view words = text;
  if (words.starts_with("\\text{") && words.ends_with("}")) {
    words = words.substr(6, words.size() - 7);
  }
  if (const auto number = number_in_words(trim(words))) {
    return {make_number(Rational(*number)), "", 0};
  }
  return result;
}

/// A comparison as it crosses from a child process: a digit and the reason.
std::string as_text(const Comparison& comparison) {
  return std::to_string(static_cast<int>(comparison.equality)) + comparison.reason;
}
Comparison from_text(const std::string& text) {
  return {static_cast<Equality>(text[0] - '0'), text.substr(1)};
}

/// Nothing but what sets a formula: "", "$$", "{}", "**".
bool says_nothing(std::string_view text) {
  return text.find_first_not_of(" \t\r\n$*{}~") == std::string_view::npos;
}

}  // namespace

Comparison compare(std::string_view gold, std::string_view answer, const MathOptions& options) {
  gold = unwrapped(gold);
  answer = unwrapped(answer);
  if (says_nothing(gold) || says_nothing(answer)) return {Equality::different, "empty"};
  if (gold == answer) return {Equality::equal, "text"};
  const auto expected = parse_plain_number(gold), got = parse_plain_number(answer);
  if (expected && got && expected->percent == got->percent && expected->value == got->value &&
      (expected->unit.empty() || got->unit.empty() || expected->unit == got->unit)) {
    return {Equality::equal, "number"};
  }
  const auto x = read(gold), y = read(answer);
  if (!x || !y) {
    // Words: the same letters, case aside.
    const bool same = gold.size() <= kMaxWords && answer.size() <= kMaxWords &&
                      lowered(normalized(gold)) == lowered(normalized(answer));
    if (same) return {Equality::equal, "text"};
    if (!x) return {Equality::undecided, "reference not readable"};
    return {Equality::different, "answer not readable"};
  }
  if (x.tree->op != Op::text && y.tree->op != Op::text && words_disagree(gold, answer)) {
    return {Equality::different, "words"};
  }
  const Ref a = options.strict ? x.tree : renamed(x.tree);
  const Ref b = options.strict ? y.tree : renamed(y.tree);
  const auto decided = within_deadline(
      std::chrono::milliseconds(options.timeout_ms),
      [&](Budget& budget) { return as_text(compare_trees(a, b, options, budget)); });
  return decided ? from_text(*decided) : Comparison{Equality::undecided, "limit"};
}

bool is_readable(std::string_view gold) { return static_cast<bool>(read(unwrapped(gold))); }

namespace {

bool looks_for_formulas(const Extraction& extraction) {
  return std::any_of(extraction.rules.begin(), extraction.rules.end(),
                     [](Rule rule) { return rule == Rule::latex || rule == Rule::expression; });
}

std::string letters_and_digits(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_digit(c) || is_letter(c)) result += lowered(c);
  }
  return result;
}

/// Whether a reference is a text around its answer rather than the answer itself.
bool holds_math(const std::string& reference) {
  for (const auto* sign : {"$", "\\(", "\\[", "\\boxed"}) {
    if (reference.find(sign) != std::string::npos) return true;
  }
  return false;
}

/// The answer among the candidates: the first that can be read.
Extracted chosen(const std::vector<Extracted>& found) {
  for (const auto& candidate : found) {
    if (is_readable(candidate.text)) return candidate;
  }
  return found.front();
}

Comparison compare_as(const Extraction& extraction, std::string_view gold, std::string_view answer,
                      const MathOptions& options) {
  if (extraction.alphanumeric) {
    const bool same = letters_and_digits(gold) == letters_and_digits(answer);
    return {same ? Equality::equal : Equality::different, "alphanumeric"};
  }
  return compare(gold, answer, options);
}

}  // namespace

std::string reference_answer(std::string_view gold, const Extraction& extraction) {
  std::string reference(trim(gold));
  if (looks_for_formulas(extraction) || reference.find("\\boxed") != std::string::npos) {
    const bool wrapped = holds_math(reference) || !answer_anchors(reference).empty();
    const auto inside = candidates(reference, parse_extraction("latex+expr"));
    if (wrapped && !inside.empty()) return chosen(inside).text;
  } else if (!extraction.rules.empty() && extraction.rules[0] == Rule::letter) {
    if (const auto letter = extract(reference, extraction)) return letter->text;
  }
  return reference;
}

std::string why_unreadable(std::string_view gold, const Extraction& extraction) {
  const std::string reference = reference_answer(gold, extraction);
  if (says_nothing(unwrapped(reference))) return "empty";
  const auto parsed = read(unwrapped(reference));
  return parsed ? "" : fmt::format("at byte {}: {}", parsed.position, parsed.error);
}

Score judge(const std::vector<std::string>& golds, std::string_view response,
            const Extraction& extraction, const MathOptions& options) {
  Score score;
  std::vector<std::string> references;
  for (const auto& gold : golds) {
    auto reference = reference_answer(gold, extraction);
    if (!says_nothing(unwrapped(reference))) references.push_back(std::move(reference));
  }
  if (references.empty()) {
    score.outcome = Outcome::unverifiable;
    score.rule = "no reference";
    return score;
  }
  const auto found = candidates(response, extraction);
  if (found.empty()) {
    score.rule = "no answer";
    const bool readable =
        extraction.alphanumeric || std::all_of(references.begin(), references.end(), is_readable);
    if (!readable) score.outcome = Outcome::unverifiable;
    return score;
  }
  auto answer = found.size() == 1 ? found.front() : chosen(found);
  if (answer.rule == "whole" && !is_readable(answer.text)) {
    // A sentence with a box in it, as references are read too.
    if (const auto box = last_box(answer.text)) answer = {std::string(trim(box->text)), "boxed"};
  }
  score.extracted = answer.text;
  bool undecided = false, late = false;
  for (const auto& reference : references) {
    const auto comparison = compare_as(extraction, reference, answer.text, options);
    score.rule = answer.rule + "/" + comparison.reason;
    if (comparison.equality == Equality::equal) {
      score.outcome = Outcome::correct;
      score.value = 1;
      return score;
    }
    undecided = undecided || comparison.equality == Equality::undecided;
    late = late || comparison.reason == "limit";
  }
  if (undecided) score.outcome = late ? Outcome::timeout : Outcome::unverifiable;
  return score;
}

std::string MathVerifier::why_unreadable(const datasets::Problem& problem) const {
  return math::why_unreadable(problem.answer, extraction_);
}

Score MathVerifier::score(const datasets::Problem& problem, std::string_view response) const {
  return judge({problem.answer}, response, extraction_, options_);
}

}  // namespace grpo::reward::math
