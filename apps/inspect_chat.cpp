#include <memory>

#include "apps/inspect.h"
#include "apps/jsonl_io.h"
#include "base/file.h"
#include "policy/text_source.h"

namespace grpo::apps {
namespace {

policy::ChatTemplate::Input read_request(const OrderedJsonObject& row) {
  policy::ChatTemplate::Input input;
  input.messages = row.required<std::vector<OrderedJson>>("messages");
  for (const auto& message : input.messages) {
    if (!message.is_object()) {
      row.fail("messages", "expected a list of objects, got " + describe_json(message));
    }
  }
  // Only a list can be offered, but what a template makes of it is the template's affair.
  if (row.has("tools")) input.tools = row.required<std::vector<OrderedJson>>("tools");
  if (row.has("documents")) input.documents = row.required<std::vector<OrderedJson>>("documents");
  input.add_generation_prompt = row.value_or("add_generation_prompt", false);
  if (row.has("variables")) input.variables = row.object("variables").json();
  return input;
}

void inspect_chat(const std::string& model, const std::string& template_file,
                  const std::string& input) {
  policy::TextSource source = policy::read_text_source(model);
  if (!template_file.empty()) {
    source.template_name = template_file;
    source.template_text = read_named_file(template_file);
  }
  check_input(!source.template_text.empty(), "{}: the model has no chat template; give --template",
              model);
  const auto chat = policy::ChatTemplate::parse(source.template_text, source.template_name);
  const policy::Tokenizer& tokenizer = *source.tokenizer;
  serve_rows(input, read_request, [&](policy::ChatTemplate::Input request, OrderedJson& out) {
    policy::set_special_texts(tokenizer, request);
    const std::string text = chat.render(request);
    out["text"] = text;
    out["ids"] = tokenizer.encode(text, false);
  });
}

}  // namespace

void add_inspect_chat(CLI::App& inspect, Chosen& chosen) {
  CLI::App* command = inspect.add_subcommand("chat", "conversations as the model reads them");
  struct Flags {
    std::string model, template_file;
    InputFlag input;
  };
  auto flags = std::make_shared<Flags>();
  command->add_option("--model", flags->model, "Hugging Face folder or .gguf file")->required();
  command->add_option("--template", flags->template_file, "instead of the model's chat template");
  flags->input.add_to(*command);
  command->callback([&chosen, flags] {
    chosen.work = [flags] { inspect_chat(flags->model, flags->template_file, flags->input.path); };
  });
}

}  // namespace grpo::apps
