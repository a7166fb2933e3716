// libFuzzer target: any bytes as a chat template, rendered over a fixed conversation. Not part of
// the build. From the root of the repository:
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I. -DFMT_HEADER_ONLY \
//     tests/fuzz/chat_template_fuzz.cpp policy/tokenizer/chat_template.cpp \
//     policy/tokenizer/jinja_*.cpp -lutf8proc -o chat_template_fuzz
//   ./chat_template_fuzz -max_total_time=60 -rss_limit_mb=4096 CORPUS tests/golden/chat/templates

#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/tokenizer/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using grpo::policy::ChatTemplate;
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
    ChatTemplate::parse(std::string(reinterpret_cast<const char*>(data), size), "fuzz")
        .render(input);
  } catch (const grpo::Error&) {  // the one way to fail
  }
  return 0;
}
