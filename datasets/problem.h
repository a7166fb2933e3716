#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "datasets/code_tests.h"

namespace grpo::datasets {

/// How an answer is judged.
enum class Kind {
  math,       // `answer` is a number or an expression, plain or LaTeX
  countdown,  // `answer` is the target; each of `numbers` is used exactly once to reach it
  code,       // `tests` are run on the program
  text,       // `answer` is compared as text: same letters and digits, case and spacing aside
};

constexpr std::array<std::pair<Kind, const char*>, 4> enum_names(Kind) {
  return {{{Kind::math, "math"},
           {Kind::countdown, "countdown"},
           {Kind::code, "code"},
           {Kind::text, "text"}}};
}

/// One question and what is needed to judge an answer to it.
struct Problem {
  std::string id;
  std::string prompt;
  Kind kind = Kind::math;
  std::string answer;
  std::vector<int64_t> numbers;          // countdown only
  CodeTests tests;                       // code only
  Language language = Language::python;  // code: what programs are written in
  Json limits;                           // code: the row's own, for limits_from_json; null: none
  std::string solution;  // worked solution where the source has one; never shown to a policy

  bool operator==(const Problem&) const = default;
};

}  // namespace grpo::datasets
