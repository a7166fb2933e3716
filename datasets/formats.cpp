#include "datasets/formats.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "datasets/names.h"

namespace grpo::datasets {
namespace {

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string non_empty(const Row& row, const std::string& field, std::string value) {
  if (trim(value).empty()) row.fail(field, "empty");
  return value;
}

/// Content of the last \boxed{…} or \fbox{…} of a reference solution.
std::string boxed_answer(const Row& row, const std::string& solution) {
  const auto start = std::max(solution.rfind("\\boxed{") + 1, solution.rfind("\\fbox{") + 1);
  if (start == 0) row.fail("solution", "no \\boxed{…} in it and no answer field");
  const auto open = solution.find('{', start - 1);
  int depth = 0;
  for (size_t i = open; i < solution.size(); ++i) {
    if (solution[i] == '\\') {
      ++i;
    } else if (solution[i] == '{') {
      ++depth;
    } else if (solution[i] == '}' && --depth == 0) {
      return solution.substr(open + 1, i - open - 1);
    }
  }
  row.fail("solution", "its last \\boxed{ is never closed");
}

void read_gsm8k(const Row& row, Problem& problem) {
  problem.prompt = non_empty(row, "question", row.text("question"));
  std::string answer = row.answer("answer");
  if (const auto mark = answer.rfind("####"); mark != std::string::npos) {
    problem.solution = answer;
    answer = answer.substr(mark + 4);
  } else {
    problem.solution = row.text_or("solution", "");
  }
  answer = std::string(trim(answer));
  answer.erase(std::remove(answer.begin(), answer.end(), ','), answer.end());
  problem.answer = non_empty(row, "answer", answer);
}

void read_math(const Row& row, Problem& problem) {
  problem.prompt = row.first_text({"problem", "question", "prompt"});
  non_empty(row, "problem", problem.prompt);
  problem.solution = row.text_or("solution", "");
  problem.answer =
      row.has("answer") ? row.answer("answer") : boxed_answer(row, row.text("solution"));
  non_empty(row, "answer", problem.answer);
}

void read_prompt(const Row& row, Problem& problem) {
  problem.prompt = row.first_text({"prompt", "question", "problem"});
  non_empty(row, "prompt", problem.prompt);
  problem.answer = non_empty(row, "answer", row.first_answer({"answer", "solution", "label"}));
  problem.kind = from_name<Kind>(row.text_or("kind", "math"), row.where() + ": kind");
  if (problem.kind != Kind::math && problem.kind != Kind::text) {
    row.fail("kind", "the prompt format holds math or text; use the format of that kind");
  }
}

void read_countdown(const Row& row, Problem& problem) {
  const std::string field = row.has("numbers") ? "numbers" : "nums";
  problem.kind = Kind::countdown;
  problem.numbers = row.required<std::vector<int64_t>>(field);
  if (problem.numbers.empty()) row.fail(field, "empty");
  const int64_t target = row.required<int64_t>("target");
  problem.answer = std::to_string(target);
  problem.prompt = row.text_or("prompt", countdown_prompt(problem.numbers, target));
}

/// What the program is written in and may use, where the row says.
void read_code_options(const Row& row, Problem& problem) {
  problem.kind = Kind::code;
  problem.language =
      from_name<Language>(row.text_or("language", "python"), row.where() + ": language");
  if (!row.has("limits")) return;
  problem.limits = row.required<Json>("limits");
  limits_from_json(problem.limits, {}, row.where());  // refuses what cannot be read
}

void read_humaneval(const Row& row, Problem& problem) {
  read_code_options(row, problem);
  problem.prompt = non_empty(row, "prompt", row.text("prompt"));
  problem.tests.style = CodeTests::Style::function;
  problem.tests.strict_types = false;  // its own solutions answer 4.0 where the test writes 4
  problem.tests.prompt = problem.prompt;
  problem.tests.entry_point = non_empty(row, "entry_point", row.text("entry_point"));
  problem.tests.function = non_empty(row, "test", row.text("test"));
  problem.solution = row.text_or("canonical_solution", "");
}

void read_mbpp(const Row& row, Problem& problem) {
  read_code_options(row, problem);
  problem.tests.style = CodeTests::Style::assertion;
  problem.tests.strict_types = false;
  problem.tests.asserts = row.required<std::vector<std::string>>("test_list");
  if (problem.tests.asserts.empty()) row.fail("test_list", "empty");
  // Its words alone do not name the function.
  problem.prompt = non_empty(row, "text", row.first_text({"text", "prompt"})) +
                   "\n\nYour program should pass this test, among others:\n" +
                   problem.tests.asserts.front();
  problem.tests.setup = row.text_or("test_setup_code", "");
  if (row.has("test_imports")) {
    for (const auto& line : row.required<std::vector<std::string>>("test_imports")) {
      problem.tests.setup += line + "\n";
    }
  }
  problem.solution = row.text_or("code", "");
}

void read_contest(const Row& row, Problem& problem) {
  read_code_options(row, problem);
  problem.prompt = non_empty(row, "prompt", row.text("prompt"));
  problem.tests = stdin_tests(row.fields());
  problem.solution = row.text_or("solution", "");
}

void check_language(const Row& row, const Problem& problem) {
  if (problem.language == Language::python) return;
  if (problem.tests.style == CodeTests::Style::standard_input) return;
  row.fail("language", "only python has tests that call functions; cpp needs tests of kind stdin");
}

void read_code(const Row& row, Problem& problem) {
  read_code_options(row, problem);
  problem.prompt = non_empty(row, "prompt", row.first_text({"prompt", "question", "problem"}));
  problem.tests = tests_from_json(row.required<Json>("tests"), row.where());
  problem.solution = row.text_or("solution", "");
}

}  // namespace

std::string countdown_prompt(const std::vector<int64_t>& numbers, int64_t target) {
  return fmt::format(
      "Using the numbers {}, create an equation that equals {}. You can use basic arithmetic "
      "operations (+, -, *, /) and each number must be used exactly once.",
      fmt::join(numbers, ", "), target);
}

Problem to_problem(const Row& row, Format format) {
  Problem problem;
  problem.id = id_of(row);
  switch (format) {
    case Format::gsm8k:
      read_gsm8k(row, problem);
      break;
    case Format::math:
      read_math(row, problem);
      break;
    case Format::prompt:
      read_prompt(row, problem);
      break;
    case Format::countdown:
      read_countdown(row, problem);
      break;
    case Format::humaneval:
      read_humaneval(row, problem);
      break;
    case Format::mbpp:
      read_mbpp(row, problem);
      break;
    case Format::contest:
      read_contest(row, problem);
      break;
    case Format::code:
      read_code(row, problem);
      break;
  }
  check_language(row, problem);
  return problem;
}

std::vector<Problem> read_problems(const std::string& file, Format format) {
  std::vector<Problem> problems;
  for (const Row& row : read_rows(file)) problems.push_back(to_problem(row, format));
  return problems;
}

}  // namespace grpo::datasets
