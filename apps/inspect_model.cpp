#include "policy/weights/inspect_model.h"

#include <cstdio>
#include <memory>

#include "apps/inspect.h"
#include "apps/jsonl_io.h"
#include "policy/text_source.h"

namespace grpo::apps {
namespace {

template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

void inspect_model(const std::string& model) {
  auto summary = policy::inspect_model(model);
  std::optional<int64_t> known_ids;
  try {
    const auto source = policy::read_text_source(model);
    known_ids = source.tokenizer->vocab_size();
    if (!source.template_text.empty()) {
      policy::ChatTemplate::parse(source.template_text, source.template_name);
    }
    if (summary.vocabulary) {
      policy::check_vocabularies(*source.tokenizer, *summary.vocabulary, model);
    }
  } catch (const Error& error) {
    summary.unsupported.emplace_back(error.what());
  }
  print_row(
      {{"family", summary.family},
       {"parameters",
        {{"total", or_null(summary.parameters)}, {"active", or_null(summary.active_parameters)}}},
       {"layers", or_null(summary.layers)},
       {"hidden", or_null(summary.hidden)},
       {"heads", or_null(summary.heads)},
       {"kv_heads", or_null(summary.kv_heads)},
       {"vocabulary", {{"model", or_null(summary.vocabulary)}, {"tokenizer", or_null(known_ids)}}},
       {"context", or_null(summary.context)},
       {"dtype", summary.dtype},
       {"bytes", summary.bytes},
       {"kv_bytes_per_token", or_null(summary.kv_bytes_per_token)},
       {"bos", or_null(summary.bos)},
       {"eos", summary.eos},
       {"chat_template", summary.chat_template},
       {"unsupported", summary.unsupported}});
}

}  // namespace

void add_inspect_model(CLI::App& inspect, Chosen& chosen) {
  CLI::App* command = inspect.add_subcommand("model", "what a checkpoint is; reads headers only");
  auto model = std::make_shared<std::string>();
  command->add_option("--model", *model, "Hugging Face folder or .gguf file")->required();
  command->callback([&chosen, model] { chosen.work = [model] { inspect_model(*model); }; });
}

}  // namespace grpo::apps
