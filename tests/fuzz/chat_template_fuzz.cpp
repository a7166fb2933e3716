// Any bytes as a chat template, rendered over a fixed conversation.

#include <string>

#include "policy/tokenizer/chat_template.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void chat_template(std::string_view bytes) {
  using policy::ChatTemplate;
  static const auto input = [] {
    ChatTemplate::Input made;
    made.messages = nlohmann::ordered_json::parse(R"([
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": "2 + 2? \u00e9\u4e2d"},
      {"role": "assistant", "content": "<think>x</think>4", "tool_calls": [
        {"type": "function", "function": {"name": "add", "arguments": {"a": 2, "b": 2.5}}}]},
      {"role": "tool", "content": null}])");
    made.tools = nlohmann::ordered_json::parse(R"([{"type": "function", "n": [1, true]}])");
    made.add_generation_prompt = true;
    made.bos_token = "<s>";
    return made;
  }();
  try {
    ChatTemplate::parse(std::string(bytes), "fuzz").render(input);
  } catch (const Error&) {
  }
}

}  // namespace grpo::fuzz
