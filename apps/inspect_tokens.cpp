#include <memory>
#include <optional>

#include "apps/inspect.h"
#include "apps/jsonl_io.h"
#include "policy/text_source.h"

namespace grpo::apps {
namespace {

/// Either a text to encode or ids to decode.
struct TokensRequest {
  std::optional<std::string> text;
  bool add_special_tokens = true;
  std::vector<int64_t> ids;
  bool skip_special_tokens = false;
};

TokensRequest read_request(const OrderedJsonObject& row) {
  TokensRequest request;
  request.text = row.optional<std::string>("text");
  if (request.text) {
    request.add_special_tokens = row.value_or("add_special_tokens", true);
  } else {
    request.ids = row.required<std::vector<int64_t>>("ids");
    request.skip_special_tokens = row.value_or("skip_special_tokens", false);
  }
  return request;
}

void inspect_tokens(const std::string& model, const std::string& input) {
  const auto tokenizer = policy::read_text_source(model).tokenizer;
  serve_rows(input, read_request, [&](const TokensRequest& request, OrderedJson& out) {
    if (request.text) {
      const auto ids = tokenizer->encode(*request.text, request.add_special_tokens);
      out["ids"] = ids;
      out["text"] = tokenizer->decode(ids, false);
    } else {
      const auto ids = known_ids(request.ids, tokenizer->vocab_size());
      out["text"] = tokenizer->decode(ids, request.skip_special_tokens);
    }
  });
}

}  // namespace

void add_inspect_tokens(CLI::App& inspect, Chosen& chosen) {
  CLI::App* command = inspect.add_subcommand("tokens", "text to token ids, and ids to text");
  auto model = std::make_shared<std::string>();
  auto input = std::make_shared<InputFlag>();
  command->add_option("--model", *model, "Hugging Face folder or .gguf file")->required();
  input->add_to(*command);
  command->callback([&chosen, model, input] {
    chosen.work = [model, input] { inspect_tokens(*model, input->path); };
  });
}

}  // namespace grpo::apps
