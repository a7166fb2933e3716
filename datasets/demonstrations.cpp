#include "datasets/demonstrations.h"

#include <algorithm>

#include "base/error.h"
#include "datasets/jsonl_source.h"

namespace grpo::datasets {
namespace {

/// GSM8K's solutions carry `<<48/2=24>>` for a calculator and end in "#### 24".
std::string without_marks(std::string_view solution) {
  std::string text(solution.substr(0, std::min(solution.size(), solution.rfind("####"))));
  for (size_t open; (open = text.find("<<")) != std::string::npos;) {
    const auto close = text.find(">>", open);
    if (close == std::string::npos) break;
    text.erase(open, close + 2 - open);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

void read_messages(const Row& row, Demonstration& result) {
  std::vector<std::string> roles, contents;
  for (const auto& message : row.fields().objects("messages")) {
    roles.push_back(message.required<std::string>("role"));
    contents.push_back(message.required<std::string>("content"));
  }
  if (roles != std::vector<std::string>{"user", "assistant"} || contents[0].empty() ||
      contents[1].empty()) {
    row.fail(
        "messages",
        "expected one user message and one assistant message; a system message is prompt.system "
        "of the recipe, and only one turn is learned");
  }
  result.prompt = contents[0];
  result.response = contents[1];
}

Demonstration to_demonstration(const Row& row) {
  Demonstration result;
  result.id = id_of(row);
  if (row.has("messages")) {
    read_messages(row, result);
    return result;
  }
  result.prompt = row.first_text({"prompt", "question", "problem"});
  if (row.has("response") || row.has("completion") || row.has("output")) {
    result.response = row.first_text({"response", "completion", "output"});
  } else {
    const std::string solution = row.text("solution");
    result.response = think_and_answer(without_marks(solution), row.answer("answer"));
  }
  if (result.prompt.empty()) row.fail("prompt", "empty");
  if (result.response.empty()) row.fail("response", "empty");
  return result;
}

}  // namespace

std::string think_and_answer(std::string_view reasoning, std::string_view answer) {
  return fmt::format("<think>{}</think><answer>{}</answer>", reasoning, answer);
}

std::vector<Demonstration> read_demonstrations(const std::string& file) {
  std::vector<Demonstration> items;
  for (const Row& row : read_rows(file)) items.push_back(to_demonstration(row));
  return items;
}

}  // namespace grpo::datasets
