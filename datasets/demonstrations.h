#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "datasets/problem.h"

namespace grpo::datasets {

/// A prompt and the response to learn, for supervised fine-tuning and distillation.
struct Demonstration {
  std::string id;
  std::string prompt;
  std::string response;

  bool operator==(const Demonstration&) const = default;
};

/// `<think>reasoning</think><answer>answer</answer>`: the form that reward/format.h asks for.
std::string think_and_answer(std::string_view reasoning, std::string_view answer);

/// Rows of JSON lines, plain or .gz: prompt | question | problem, then
///   response | completion | output as it is, or
///   messages: [{role, content}…]: one user message, the prompt, and one assistant message, the
///             response, or
///   solution + answer: written as think_and_answer(solution, answer), calculator marks `<<…>>`
///             and the "#### n" line of GSM8K left out.
/// Throws Error (exit code 2) "file:line: field: what is wrong".
std::vector<Demonstration> read_demonstrations(const std::string& file);

}  // namespace grpo::datasets
