#include "reward/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "reward/extract_rules.h"

namespace grpo::reward {
namespace {

int64_t count_of(std::string_view text, std::string_view part) {
  int64_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) {
    ++count;
  }
  return count;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// The text up to `end`, which is removed too.
bool take_until(std::string_view& text, std::string_view end, std::string_view& content) {
  const auto at = text.find(end);
  if (at == std::string_view::npos) return false;
  content = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return true;
}

bool once_each(std::string_view text, bool think_opens) {
  return count_of(text, "<think>") == (think_opens ? 1 : 0) && count_of(text, "</think>") == 1 &&
         count_of(text, "<answer>") == 1 && count_of(text, "</answer>") == 1;
}

}  // namespace

double think_answer_format(std::string_view response, ThinkTag think_tag) {
  const bool opens = think_tag == ThinkTag::in_response;
  if (!once_each(response, opens)) return 0;
  std::string_view rest = trim(response), thought, answer;
  if (opens && !take(rest, "<think>")) return 0;
  if (!take_until(rest, "</think>", thought)) return 0;
  rest = trim(rest);
  if (!take(rest, "<answer>") || !take_until(rest, "</answer>", answer)) return 0;
  return rest.empty() && !trim(answer).empty() ? 1 : 0;
}

double strict_line_format(std::string_view response) {
  std::string_view rest = response, thought;
  const bool good = take(rest, "<think>\n") &&
                    take_until(rest, "\n</think>\n<answer>\n", thought) &&
                    rest.ends_with("\n</answer>");
  return good ? 1 : 0;
}

double think_format(std::string_view response) {
  std::string_view rest = response, thought;
  const bool good = take(rest, "<think>") && take_until(rest, "</think>", thought) &&
                    thought.find("<think>") == std::string_view::npos &&
                    rest.find("<think>") == std::string_view::npos &&
                    rest.find("</think>") == std::string_view::npos;
  return good ? 1 : 0;
}

double tag_count(std::string_view response, ThinkTag think_tag) {
  double total = think_tag == ThinkTag::in_prompt ? 0.25 : 0;
  if (think_tag == ThinkTag::in_response && count_of(response, "<think>\n") == 1) total += 0.25;
  for (const std::string_view tag : {"\n</think>\n", "\n<answer>\n", "\n</answer>"}) {
    if (count_of(response, tag) == 1) total += 0.25;
  }
  return total;
}

double reasoning_steps(std::string_view response) {
  int64_t steps = 0;
  bool line_start = true;
  for (size_t at = 0; at < response.size(); ++at) {
    const auto rest = response.substr(at);
    const auto digits_from = [&](size_t from) {
      size_t end = from;
      while (end < rest.size() && std::isdigit(static_cast<unsigned char>(rest[end]))) ++end;
      return end;
    };
    if (rest.starts_with("Step ")) {
      const size_t end = digits_from(5);
      if (end > 5 && end < rest.size() && rest[end] == ':') ++steps;
    }
    for (const std::string_view word : {"First,", "Second,", "Next,", "Finally,"}) {
      if (rest.starts_with(word)) ++steps;
    }
    if (line_start) {
      const size_t end = digits_from(0);
      if (end > 0 && end < rest.size() && rest[end] == '.') ++steps;
      if (at > 0 && rest.size() > 1 && (rest[0] == '-' || rest[0] == '*') && rest[1] == ' ')
        ++steps;
    }
    line_start = rest[0] == '\n';
  }
  return std::min(1.0, static_cast<double>(steps) / 3);
}

double code_format(std::string_view response, std::string_view language) {
  if (strict_line_format(response) == 0) return 0;
  const auto answer = last_tag(response, "answer");
  if (!answer) return 0;
  const auto open = answer->find("```" + std::string(language) + "\n");
  if (open == std::string_view::npos) return 0;
  return answer->find("```", open + 3) != std::string_view::npos ? 1 : 0;
}

}  // namespace grpo::reward
