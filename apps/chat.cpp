#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>

#include "apps/generate.h"
#include "policy/tokenizer/tokenizer.h"

namespace grpo::apps {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

/// While it lives, Ctrl-C stops the answer, or clears the line, instead of ending the program.
class StopOnInterrupt {
 public:
  StopOnInterrupt() {
    struct sigaction action {};
    action.sa_handler = [](int) { stop_requested = 1; };
    sigaction(SIGINT, &action, &before_);
  }
  ~StopOnInterrupt() { sigaction(SIGINT, &before_, nullptr); }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

 private:
  struct sigaction before_ {};
};

void show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

/// What the person says: a line, or several joined by trailing backslashes; "" after Ctrl-C.
/// Nothing at the end.
std::optional<std::string> read_message() {
  show("> ");
  std::string message, line;
  while (std::getline(std::cin, line)) {
    if (line.empty() || line.back() != '\\') return message + line;
    line.back() = '\n';
    message += line;
    show("… ");
  }
  if (stop_requested == 0) return std::nullopt;
  stop_requested = 0;  // Ctrl-C broke the read off
  std::cin.clear();
  std::clearerr(stdin);
  show("\n");
  return "";
}

}  // namespace

void chat(const policy::Policy& policy, rollout::Engine& engine,
          const rollout::SamplingParams& params) {
  check_input(policy.chat_template() != nullptr,
              "the model has no chat template, so it cannot hold a conversation: give prompts by "
              "--input");
  show("/quit leaves, Ctrl-C stops an answer, a trailing \\ goes on in the next line\n");
  const StopOnInterrupt stop;
  OrderedJson messages = OrderedJson::array();
  for (uint64_t turn = 0;; ++turn) {
    const auto message = read_message();
    if (!message || *message == "/quit") break;
    if (message->empty()) continue;
    messages.push_back({{"role", "user"}, {"content", *message}});
    try {
      const std::vector<std::vector<int32_t>> prompt = {encode_chat(policy, messages)};
      rollout::SamplingParams settings = params;
      settings.first_sequence = turn;
      policy::StreamingDecoder decoder(policy.tokenizer(), /*skip_special_tokens=*/true);
      rollout::Observer observer;
      observer.on_token = [&](int64_t, int64_t, int32_t token) {
        show(decoder.push(token));
        return stop_requested == 0;
      };
      stop_requested = 0;
      const auto groups = engine.sample(prompt, 1, settings, observer);
      show(decoder.flush() + "\n");
      messages.push_back({{"role", "assistant"},
                          {"content", answer_text(policy, groups[0].completions[0], settings)}});
    } catch (const Error& error) {
      // The conversation goes on without the turn that could not be answered.
      show(std::string("cannot answer: ") + error.what() + "\n");
      messages.erase(messages.size() - 1);
    }
  }
}

}  // namespace grpo::apps
