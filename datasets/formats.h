#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "datasets/jsonl_source.h"
#include "datasets/problem.h"

namespace grpo::datasets {

/// Layouts of rows that are read. `answer` fields may be strings or numbers.
///
/// gsm8k      question, answer = "… #### 72" (original), or question, solution, answer = "72".
///            Thousands commas of the answer are removed.
/// math       problem, answer; or problem, solution whose last \boxed{…} is the answer
///            (MATH, AIME, DAPO-Math, OlympiadBench).
/// prompt     prompt | question | problem, answer | solution | label, kind?
/// countdown  numbers | nums, target, prompt?
///
/// Programs, judged by their tests; those of humaneval and mbpp compare numbers as Python does, as
/// their authors' harness. All may have language? = python and limits? as in a row of
/// `grpo verify code` (docs/commands.md):
/// humaneval  task_id, prompt, entry_point, test, canonical_solution?
/// mbpp       task_id, text | prompt, test_list, test_setup_code?, test_imports?, code?
///            The question is the text and the first test, which names the function.
/// contest    prompt, inputs, outputs of equal, non-zero length, compare?, solution?
/// code       prompt | question | problem, tests in any form of `grpo verify code`, solution?
enum class Format { gsm8k, math, prompt, countdown, humaneval, mbpp, contest, code };

constexpr std::array<std::pair<Format, const char*>, 8> enum_names(Format) {
  return {{{Format::gsm8k, "gsm8k"},
           {Format::math, "math"},
           {Format::prompt, "prompt"},
           {Format::countdown, "countdown"},
           {Format::humaneval, "humaneval"},
           {Format::mbpp, "mbpp"},
           {Format::contest, "contest"},
           {Format::code, "code"}}};
}

/// Throws Error (exit code 2) "file:line: field: what is wrong": nothing is skipped in silence.
Problem to_problem(const Row& row, Format format);

std::vector<Problem> read_problems(const std::string& file, Format format);

/// The question put to a policy for a Countdown row without its own prompt.
std::string countdown_prompt(const std::vector<int64_t>& numbers, int64_t target);

}  // namespace grpo::datasets
