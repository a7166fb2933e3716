#include <memory>
#include <optional>

#include "apps/device_flag.h"
#include "apps/inspect.h"
#include "apps/jsonl_io.h"
#include "apps/logits.h"
#include "policy/policy.h"

namespace grpo::apps {
namespace {

/// Rows are answered together until they hold so many tokens.
constexpr size_t kBatchTokens = 4096;

struct Flags {
  std::string model, dtype = "float32", device = "cpu", path = "packed";
  InputFlag input;
};

/// A row of the file: a request, or why there is none.
struct Row {
  OrderedJson id;
  LogitsRequest request;
  std::string error;
};

Row read_row(const OrderedJsonObject& fields, const policy::ModelConfig& config) {
  Row row{row_id(fields), {}, {}};
  const auto ids = fields.required<std::vector<int64_t>>("ids");
  row.request.top = fields.value_or<int64_t>("top", 5);
  if (row.request.top < 0) fields.fail("top", "expected at least 0");
  try {
    check(!ids.empty(), "ids: empty; there is nothing to continue");
    row.request.ids = known_ids(ids, config.vocab_size);
    const auto length = static_cast<int64_t>(ids.size());
    // Other positions beyond the context are computed as they are anywhere.
    check(config.rope.scaling != policy::RopeScalingKind::kLongrope ||
              length <= config.context_limit(),
          "ids: {} tokens; longrope is supported up to its original context of {}", length,
          config.context_limit());
  } catch (const Error& error) {
    row.error = error.what();
  }
  return row;
}

void print_batch(policy::Decoder& decoder, const std::string& path, const std::vector<Row>& rows) {
  std::vector<LogitsRequest> requests;
  for (const Row& row : rows) {
    if (row.error.empty()) requests.push_back(row.request);
  }
  std::vector<LogitsResult> results;
  if (!requests.empty()) {
    results = path == "packed" ? packed_logits(decoder, requests) : paged_logits(decoder, requests);
  }
  auto result = results.begin();
  for (const Row& row : rows) {
    if (!row.error.empty()) {
      print_row(error_row(row.id, row.error));
      continue;
    }
    OrderedJson top = OrderedJson::array();
    for (const auto& [token, logit] : result->top) {
      top.push_back(OrderedJson::array({token, json_number(logit)}));
    }
    print_row({{"id", row.id},
               {"logprobs", number_list(result->logprobs)},
               {"entropy", number_list(result->entropy)},
               {"top", std::move(top)}});
    ++result;
  }
}

void inspect_logits(const Flags& flags) {
  check_device(flags.device);
  check_input(flags.dtype == "float32",
              "--dtype {}: the CPU path computes in float32 only; use --dtype float32",
              flags.dtype);
  const auto decoder = policy::load_decoder(flags.model);
  // The whole file is read first: a malformed row leaves nothing half done.
  std::vector<std::vector<Row>> batches(1);
  size_t tokens = 0;
  OrderedJsonLines lines(flags.input.path);
  while (const auto line = lines.next()) {
    Row row = read_row(OrderedJsonObject(*line, lines.where()), decoder->config());
    if (tokens + row.request.ids.size() > kBatchTokens && !batches.back().empty()) {
      batches.emplace_back();
      tokens = 0;
    }
    tokens += row.request.ids.size();
    batches.back().push_back(std::move(row));
  }
  for (const auto& rows : batches) print_batch(*decoder, flags.path, rows);
}

}  // namespace

void add_inspect_logits(CLI::App& inspect, Chosen& chosen) {
  CLI::App* command = inspect.add_subcommand("logits", "log-probabilities of given token ids");
  auto flags = std::make_shared<Flags>();
  command->add_option("--model", flags->model, "Hugging Face folder or .gguf file")->required();
  command->add_option("--dtype", flags->dtype, "float32 | bfloat16")
      ->check(CLI::IsMember({"float32", "bfloat16"}));
  command->add_option("--device", flags->device, "cpu | cuda:0");
  command->add_option("--path", flags->path, "packed: the learner's | paged: the engine's")
      ->check(CLI::IsMember({"packed", "paged"}));
  flags->input.add_to(*command);
  command->callback([&chosen, flags] { chosen.work = [flags] { inspect_logits(*flags); }; });
}

}  // namespace grpo::apps
