#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::reward {

/// Where an answer is looked for in a response.
enum class Rule {
  whole,  // the text itself, trimmed
  boxed,  // content of the last \boxed{…} or \fbox{…}, braces nested; an unclosed one: nothing
  tag,    // content of the last <answer>…</answer>
  latex,  // math after "answer is", boxes, then the last $…$, \(…\), \[…\] or environment
  expression,   // plain number or arithmetic after "answer is", else the last one
  hashes,       // rest of the line after the last ####
  answer_line,  // rest of the last line that says "Answer: …"
  answer_is,    // what follows the last "answer is" or "answer:", up to the end of its sentence
  bracket,      // content of the last […]
  letter,       // a choice letter: after "answer", "choice" or "option", else the last lone capital
  last_number,  // the last number, fraction or decimal
};

/// How to find an answer: rules in order of preference, and what part of the response they see.
///
/// Spelled `rule_else_rule…;modifier;…` with the rules none, boxed (or boxed_last), tag[:NAME],
/// latex, expr, hash4, answer_colon_last (or answer), answer_is, bracket_last, letter, last_number;
/// `+` separates rules that are tried as one, as in latex+expr. Modifiers:
///   after_think          only the text after the last </think>; nothing when it is missing
///   tail=N               only the last N characters
///   marker="A:"          only the text after the last marker, when there is one
///   allowed=A,B          letter: the only letters that count
///   final_answer_first   latex: what follows "final answer is" goes before boxes
///   language=NAME        "answer is" only in this language (english or en, chinese …) and English
///   strip, alphanumeric  accepted; the first is always done except by a lone `boxed`, the second
///                        is about comparing
/// The empty spec is the default for whole responses: the text after </think> when there is one;
/// inside the last <answer> if any; there the last box, else all of it. Without <answer>: boxed,
/// hash4, answer_is, last_number.
struct Extraction {
  std::vector<Rule> rules;  // empty: the default above
  std::string tag = "answer";
  std::string marker;
  std::string allowed;
  std::string language;  // empty: all that are known
  int64_t tail = 0;      // 0: all
  bool after_think = false;
  bool final_answer_first = false;
  bool alphanumeric = false;
};

/// Throws Error (exit code 2) on an unknown rule or modifier.
Extraction parse_extraction(std::string_view spec);

struct Extracted {
  std::string text;
  std::string rule;

  bool operator==(const Extracted&) const = default;
};

/// What might be the answer, best first: at most `kMaxCandidates`, since rules such as `latex`
/// offer every formula of a text. Linear in the response's size.
inline constexpr size_t kMaxCandidates = 16;
std::vector<Extracted> candidates(std::string_view response, const Extraction& extraction);

/// The best one.
std::optional<Extracted> extract(std::string_view response, const Extraction& extraction);

}  // namespace grpo::reward
