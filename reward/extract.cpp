#include "reward/extract.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>
#include <utility>

#include "base/error.h"
#include "reward/ascii.h"
#include "reward/extract_rules.h"

namespace grpo::reward {
namespace {

constexpr std::array<std::pair<std::string_view, Rule>, 15> kRules{{
    {"none", Rule::whole},
    {"whole", Rule::whole},
    {"boxed", Rule::boxed},
    {"boxed_last", Rule::boxed},
    {"tag", Rule::tag},
    {"latex", Rule::latex},
    {"expr", Rule::expression},
    {"hash4", Rule::hashes},
    {"answer_colon_last", Rule::answer_line},
    {"answer", Rule::answer_line},
    {"answer_is", Rule::answer_is},
    {"bracket_last", Rule::bracket},
    {"letter", Rule::letter},
    {"last_number", Rule::last_number},
    {"number_last", Rule::last_number},
}};

Rule rule_from(std::string_view name, std::string_view spec, Extraction& extraction) {
  if (name.substr(0, 4) == "tag:") {
    extraction.tag = std::string(name.substr(4));
    return Rule::tag;
  }
  for (const auto& [known, rule] : kRules) {
    if (known == name) return rule;
  }
  throw Error(fmt::format("unknown rule '{}' in '{}'; known: none, boxed, tag, latex, "
                          "expr, hash4, answer_colon_last, answer_is, bracket_last, letter, "
                          "last_number",
                          name, spec),
              2);
}

/// Calls `visit` for each part of `text` between separators.
template <class Visit>
void for_each_part(std::string_view text, std::string_view separator, Visit visit) {
  for (;;) {
    const auto end = text.find(separator);
    visit(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + separator.size());
  }
}

void read_modifier(std::string_view modifier, std::string_view spec, Extraction& extraction) {
  const auto equals = modifier.find('=');
  const auto key = modifier.substr(0, equals);
  auto value = equals == std::string_view::npos ? std::string_view() : modifier.substr(equals + 1);
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (key == "after_think") {
    extraction.after_think = true;
  } else if (key == "final_answer_first") {
    extraction.final_answer_first = true;
  } else if (key == "alphanumeric") {
    extraction.alphanumeric = true;
  } else if (key == "strip") {
    // Always done.
  } else if (key == "marker" && !value.empty()) {
    extraction.marker = std::string(value);
  } else if (key == "language" && !value.empty()) {
    extraction.language = std::string(value);
  } else if (key == "allowed" && !value.empty()) {
    for (const char c : value) {
      if (c != ',' && c != ' ') extraction.allowed += c;
    }
  } else if (key == "tail") {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), extraction.tail);
    check_input(error == std::errc() && end == value.data() + value.size() && extraction.tail > 0,
                "tail: expected a positive number, got '{}'", value);
  } else {
    throw Error(fmt::format("unknown modifier '{}' in '{}'; known: after_think, "
                            "tail=N, marker=\"…\", allowed=A,B, language=NAME, "
                            "final_answer_first, strip, alphanumeric",
                            modifier, spec),
                2);
  }
}

std::optional<std::string_view> after_think(std::string_view response) {
  const auto close = response.rfind("</think>");
  if (close == std::string_view::npos) return std::nullopt;
  return response.substr(close + 8);
}

/// The last `count` characters (not bytes).
std::string_view last_characters(std::string_view text, int64_t count) {
  size_t at = text.size();
  while (at > 0 && count > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) --count;
  }
  return text.substr(at);
}

/// "1,234" -> "1234": only the numbers that `last_number` finds, where a comma cannot be a list.
std::string without_separators(std::string_view number) {
  std::string result;
  for (const char c : number) {
    if (c != ',') result += c;
  }
  return result;
}

/// "not 5", "isn't 5".
bool denies(std::string_view sentence) {
  const std::string low = lowered(sentence);
  for (const std::string_view word : {"not", "never", "cannot"}) {
    const size_t at = low.find(word);
    if (at != std::string::npos && word_boundary(low, at) && word_boundary(low, at + word.size())) {
      return true;
    }
  }
  return low.find("n't") != std::string::npos || low.find("n\u2019t") != std::string::npos;
}

class Finder {
 public:
  Finder(std::string_view text, const Extraction& extraction)
      : text_(text), extraction_(extraction) {}

  std::vector<Extracted> run(const std::vector<Rule>& rules) {
    for (const Rule rule : rules) {
      if (done() || settled_) break;
      // latex and expr are ranked together: whatever is anchored by words or a box comes first.
      if (rule == Rule::latex || rule == Rule::expression) {
        if (formulas_done_) continue;
        formulas_done_ = true;
        formulas(contains(rules, Rule::latex), contains(rules, Rule::expression));
      } else {
        apply(rule);
        // A place made for the answer is the only one, whatever stands there: an empty box does not
        // hand over to the last number. Only a sentence that is no formula does, if it does not
        // deny.
        settled_ = !found_.empty() && (rule != Rule::answer_is || denies(found_.back().text));
      }
    }
    return std::move(found_);
  }

 private:
  static bool contains(const std::vector<Rule>& rules, Rule rule) {
    return std::find(rules.begin(), rules.end(), rule) != rules.end();
  }
  bool done() const { return found_.size() >= kMaxCandidates; }

  void add(std::optional<std::string_view> text, std::string_view rule) {
    if (text && !done()) found_.push_back({std::string(*text), std::string(rule)});
  }

  void apply(Rule rule) {
    switch (rule) {
      case Rule::whole:
        if (!trim(text_).empty()) add(trim(text_), "whole");
        return;
      case Rule::boxed:
        if (const auto box = last_box(text_)) {
          // A lone `boxed` hands the content over as it stands; beside other rules it is trimmed.
          add(extraction_.rules.size() == 1 ? box->text : trim(box->text), "boxed");
        }
        return;
      case Rule::tag:
        if (const auto content = last_tag(text_, extraction_.tag)) {
          add(trim(*content), "tag:" + extraction_.tag);
        }
        return;
      case Rule::hashes:
        return add(after_hashes(text_), "hash4");
      case Rule::answer_line:
        return add(last_answer_line(text_), "answer_colon_last");
      case Rule::answer_is:
        if (const auto rest = after_answer_is(text_, extraction_.language)) {
          const bool number = rest->find_first_not_of("0123456789,.") == std::string_view::npos;
          add(number ? without_separators(*rest) : std::string(*rest), "answer_is");
        }
        return;
      case Rule::bracket:
        return add(last_bracket(text_), "bracket_last");
      case Rule::letter:
        if (const auto letter = choice_letter(text_, extraction_.allowed, extraction_.language)) {
          std::string upper(*letter);
          if (upper[0] >= 'a') upper[0] = static_cast<char>(upper[0] - 'a' + 'A');
          add(upper, "letter");
        }
        return;
      case Rule::last_number:
        if (const auto number = last_number(text_)) add(without_separators(*number), "last_number");
        return;
      case Rule::latex:
      case Rule::expression:
        return;  // run() handles both at once
    }
  }

  /// Some pieces of the text that are one answer: "$\boxed{1}$ and $\boxed{2}$" is 1, 2.
  struct Ranked {
    int rank;
    size_t end;
    std::span<const Found> pieces;
    std::string_view rule;
  };

  int rank_of(const Found& piece, const std::vector<Anchor>& anchors) const {
    const auto begin = static_cast<size_t>(piece.text.data() - text_.data());
    const auto after =
        std::upper_bound(anchors.begin(), anchors.end(), begin,
                         [](size_t place, const Anchor& anchor) { return place < anchor.end; });
    if (after == anchors.begin()) return 2;
    const Anchor& anchor = *std::prev(after);
    // The formula may open with $ or \( : a few characters of slack.
    if (begin - anchor.end > 3) return 2;
    return extraction_.final_answer_first && anchor.final_answer ? 0 : 1;
  }

  /// Adds runs of pieces between which only a connection stands; ranked by their first piece.
  void add_runs(std::vector<Ranked>& ranked, const std::vector<Found>& pieces,
                Connection connection, std::string_view rule,
                const std::vector<Anchor>& anchors) const {
    for (size_t first = 0; first < pieces.size();) {
      size_t last = first;
      while (last + 1 < pieces.size() && last - first < kMaxRun &&
             are_connected(text_, pieces[last], pieces[last + 1], connection)) {
        ++last;
      }
      const int rank = pieces[first].anchored ? 1 : rank_of(pieces[first], anchors);
      ranked.push_back(
          {rank, pieces[last].end, std::span(pieces).subspan(first, last + 1 - first), rule});
      first = last + 1;
    }
  }

  /// Formulas and plain expressions: those behind "answer is" or in a box, the last first; then all
  /// others, the last first. A text without any is offered whole.
  void formulas(bool latex, bool plain) {
    const auto anchors = answer_anchors(text_, extraction_.language);
    std::vector<Found> boxed, formulas, expressions;
    std::vector<Ranked> ranked;
    if (latex) {
      boxed = boxes(text_);
      formulas = math_environments(text_);
      if (formulas.empty()) formulas = bare_fractions(text_);
      add_runs(ranked, boxed, Connection::boxes, "latex_boxed", anchors);
      add_runs(ranked, formulas, Connection::formulas, "latex", anchors);
    }
    if (plain) {
      expressions = plain_expressions(text_);
      for (const auto& piece : expressions) {
        ranked.push_back({rank_of(piece, anchors), piece.end, {&piece, 1}, "expr"});
      }
    }
    const auto better = [](const Ranked& a, const Ranked& b) {
      return a.rank != b.rank ? a.rank < b.rank : a.end > b.end;
    };
    const auto kept = std::min(ranked.size(), kMaxCandidates);
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<int64_t>(kept), ranked.end(),
                      better);
    for (size_t i = 0; i < kept; ++i) {
      std::string joined;
      for (const auto& piece : ranked[i].pieces) {
        joined += (joined.empty() ? "" : ", ") + std::string(trim(piece.text));
      }
      add(joined, ranked[i].rule);
    }
    const bool no_math = text_.find('$') == std::string_view::npos &&
                         text_.find("\\(") == std::string_view::npos &&
                         text_.find("\\[") == std::string_view::npos;
    if (ranked.empty() && no_math) {
      const auto whole = trim(text_);
      if (!whole.empty() && whole.size() <= kMaxWhole) add(whole, "whole");
    }
  }

  static constexpr size_t kMaxRun = 50;
  static constexpr size_t kMaxWhole = 300;

  std::string_view text_;
  const Extraction& extraction_;
  std::vector<Extracted> found_;
  bool formulas_done_ = false;
  bool settled_ = false;
};

std::vector<Extracted> by_default(std::string_view response, const Extraction& asked) {
  const auto text = after_think(response).value_or(response);
  if (const auto inside = last_tag(text, "answer")) {
    if (const auto box = last_box(*inside)) return {{std::string(trim(box->text)), "tag+boxed"}};
    if (const auto rest = after_answer_is(*inside, asked.language)) {
      return {{std::string(*rest), "tag+answer_is"}};
    }
    return {{std::string(trim(*inside)), "tag:answer"}};
  }
  const std::vector<Rule> rules{Rule::boxed, Rule::hashes, Rule::answer_is, Rule::last_number};
  Extraction extraction = asked;
  extraction.rules = rules;
  return Finder(text, extraction).run(rules);
}

}  // namespace

Extraction parse_extraction(std::string_view spec) {
  Extraction extraction;
  bool first = true;
  for_each_part(spec, ";", [&](std::string_view part) {
    if (!first) return read_modifier(part, spec, extraction);
    first = false;
    if (part.empty()) return;
    for_each_part(part, "_else_", [&](std::string_view alternative) {
      for_each_part(alternative, "+", [&](std::string_view name) {
        extraction.rules.push_back(rule_from(name, spec, extraction));
      });
    });
  });
  return extraction;
}

std::vector<Extracted> candidates(std::string_view response, const Extraction& extraction) {
  std::string_view text = response;
  if (extraction.after_think) {
    const auto rest = after_think(text);
    if (!rest) return {};
    text = *rest;
  }
  if (extraction.tail > 0) text = last_characters(text, extraction.tail);
  if (!extraction.marker.empty()) {
    const auto at = text.rfind(extraction.marker);
    if (at != std::string_view::npos) text = text.substr(at + extraction.marker.size());
  }
  if (extraction.rules.empty()) return by_default(text, extraction);
  return Finder(text, extraction).run(extraction.rules);
}

std::optional<Extracted> extract(std::string_view response, const Extraction& extraction) {
  auto found = candidates(response, extraction);
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

}  // namespace grpo::reward
