#include <algorithm>
#include <string>

#include "reward/extract_rules.h"

namespace grpo::reward {
namespace {

constexpr size_t kMaxGap = 80;  // between two pieces of one answer, signs of LaTeX included

/// The text between two pieces without what only sets it: $, \( \), braces, \quad, \text.
std::string plain_gap(std::string_view gap) {
  std::string result;
  for (size_t i = 0; i < gap.size(); ++i) {
    bool skipped = false;
    for (const std::string_view sign : {"\\boxed", "\\fbox", "\\qquad", "\\quad", "\\text", "\\(",
                                        "\\)", "\\[", "\\]", "\\ ", "\\,", "$", "{", "}"}) {
      if (gap.substr(i, sign.size()) == sign) {
        i += sign.size() - 1;
        result += ' ';
        skipped = true;
        break;
      }
    }
    if (!skipped) result += gap[i];
  }
  return std::string(trim(result));
}

bool ends_with_word(std::string_view text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  if (text.size() == word.size()) return true;
  const char before = text[text.size() - word.size() - 1];
  return !(before >= 'a' && before <= 'z') && !(before >= 'A' && before <= 'Z');
}

}  // namespace

bool are_connected(std::string_view text, const Found& first, const Found& second,
                   Connection connection) {
  const auto begin = static_cast<size_t>(second.text.data() - text.data());
  if (begin < first.end || begin - first.end > kMaxGap) return false;
  std::string gap = plain_gap(text.substr(first.end, begin - first.end));
  if (connection == Connection::formulas) {
    return gap == "," || gap == ";" || gap == "and" || gap == "or" || gap == ", and" ||
           gap == ", or";
  }
  if (gap.find('.') != std::string::npos || gap.find('\n') != std::string::npos) return false;
  if (gap.ends_with('=')) {
    gap = trim(std::string_view(gap).substr(0, gap.size() - 1));
    gap.resize(std::min(gap.size(), gap.find_last_of(' ') + 1));
    gap = trim(gap);
  }
  return gap.ends_with(',') || gap.ends_with(';') || ends_with_word(gap, "and") ||
         ends_with_word(gap, "or");
}

std::vector<Found> bare_fractions(std::string_view text) {
  std::vector<Found> found;
  for (size_t at = 0; (at = text.find("\\frac{", at)) != std::string_view::npos;) {
    const size_t begin = at;
    at += 6;
    const auto top = brace_group(text, begin + 5);
    if (!top) break;
    const size_t open = begin + 5 + top->size() + 2;
    if (open >= text.size() || text[open] != '{') continue;
    const auto bottom = brace_group(text, open);
    if (!bottom) break;
    at = open + bottom->size() + 2;
    found.push_back({text.substr(begin, at - begin), at, false});
  }
  return found;
}

}  // namespace grpo::reward
