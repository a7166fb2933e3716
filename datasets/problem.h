#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

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

/// One check of a program. Expected output never enters the process that runs the program.
struct TestCase {
  enum class Style {
    standard_input,  // `input` on stdin, `output` expected on stdout
    assertion,       // `input` is one `assert …` statement
    function,        // `input` defines check(candidate), called with `entry_point`
  };
  Style style = Style::standard_input;
  std::string input;
  std::string output;

  bool operator==(const TestCase&) const = default;
};

/// One question and what is needed to judge an answer to it.
struct Problem {
  std::string id;
  std::string prompt;
  Kind kind = Kind::math;
  std::string answer;
  std::vector<int64_t> numbers;  // countdown only
  std::vector<TestCase> tests;   // code only
  std::string setup;             // code: statements that run before the tests (imports, prompt)
  std::string entry_point;       // code: name of the function under test
  std::string solution;  // worked solution where the source has one; never shown to a policy

  bool operator==(const Problem&) const = default;
};

}  // namespace grpo::datasets
