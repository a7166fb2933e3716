#pragma once

#include <string_view>

namespace grpo::reward {

/// Whether the prompt's template already ended in `<think>`, so that the response starts inside it.
enum class ThinkTag { in_response, in_prompt };

/// 1 when the whole response is `<think>…</think><answer>…</answer>` with blanks allowed around the
/// four tags and each tag exactly once, else 0. With ThinkTag::in_prompt the response must not open
/// `<think>` again. Text before, between or behind the blocks fails: it is where rewards are gamed.
double think_answer_format(std::string_view response, ThinkTag think_tag);

/// open-r1 `format_reward`: as above, with a line break inside each tag and between the blocks.
double strict_line_format(std::string_view response);

/// TRL `think_format_reward`: `<think>…</think>` once, first in the text, no tag inside.
double think_format(std::string_view response);

/// open-r1 `tag_count_reward`: 0.25 for each of "<think>\n", "\n</think>\n", "\n<answer>\n",
/// "\n</answer>" that occurs exactly once. With ThinkTag::in_prompt the first is granted.
double tag_count(std::string_view response, ThinkTag think_tag = ThinkTag::in_response);

/// open-r1 `reasoning_steps_reward`: min(1, n/3) for n of "Step 1:", numbered lines, bullets,
/// "First,", "Second,", "Next,", "Finally,".
double reasoning_steps(std::string_view response);

/// open-r1 `code_format_reward`: the format with a ```language block inside the answer.
double code_format(std::string_view response, std::string_view language);

}  // namespace grpo::reward
