#include "apps/generate.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "apps/arriving_rows.h"
#include "apps/commands.h"
#include "apps/flag_checks.h"
#include "apps/jsonl_io.h"
#include "base/enum_names.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "policy/text_source.h"

namespace grpo::apps {
namespace {

constexpr int64_t kMostAnswers = 65536;

struct Flags {
  std::string model;
  InputFlag input;
  rollout::SamplingParams params;
  int64_t batch = 64;

  void add_to(CLI::App& command) {
    command.add_option("--model", model, "Hugging Face folder or .gguf file")->required();
    input.add_to(command);
    command.add_option("--max-tokens", params.max_tokens, "an answer is cut after so many")
        ->check(number_from(1));
    command.add_option("--temperature", params.temperature, "0: greedy")->check(number_from(0));
    command.add_option("--top-k", params.top_k, "draw among the k most likely; 0: off")
        ->check(number_from(0));
    command.add_option("--top-p", params.top_p, "nucleus; 1: off")->check(number_between(0, 1));
    command.add_option("--min-p", params.min_p, "least share of the most likely token's chance")
        ->check(number_between(0, 1));
    command.add_option("--stop", params.stop_strings, "text that ends an answer (repeatable)")
        ->allow_extra_args(false);
    command.add_option("--seed", params.seed, "of rows that have none")->check(number_from(0));
    command.add_option("--batch", batch, "answers sampled together; changes no answer")
        ->check(CLI::Range(int64_t{1}, kMostAnswers));
  }
};

/// A row of the file: a prompt, or why there is none.
struct Request {
  OrderedJson id;
  std::vector<int32_t> prompt;
  int64_t n = 1;
  uint64_t seed = 0;
  std::string error;
  std::vector<rollout::Completion> completions;
};

std::vector<int32_t> encode(const policy::Policy& policy, const OrderedJsonObject& row) {
  if (row.has("prompt")) {
    return policy.tokenizer().encode(row.required<std::string>("prompt"), true);
  }
  if (row.has("messages")) return encode_chat(policy, row.required<OrderedJson>("messages"));
  return known_ids(row.required<std::vector<int64_t>>("ids"), policy.decoder().config().vocab_size);
}

/// Types first, since their errors end the program; then what may make an error row.
Request read_request(const policy::Policy& policy, const OrderedJsonObject& row, uint64_t seed) {
  Request request{row_id(row), {}, row.value_or<int64_t>("n", 1), seed, {}, {}};
  if (request.n < 1) row.fail("n", fmt::format("expected at least 1, got {}", request.n));
  if (const auto own = row.optional<int64_t>("seed")) {
    if (*own < 0) row.fail("seed", fmt::format("expected at least 0, got {}", *own));
    request.seed = static_cast<uint64_t>(*own);
  }
  const int sources = int{row.has("prompt")} + int{row.has("messages")} + int{row.has("ids")};
  if (sources != 1) row.fail("prompt", "exactly one of prompt, messages and ids is needed");
  row.optional<std::string>("prompt");
  row.optional<std::vector<int64_t>>("ids");
  for (const auto& message : row.value_or("messages", std::vector<OrderedJson>())) {
    if (!message.is_object()) {
      row.fail("messages", "expected a list of objects, got " + describe_json(message));
    }
  }
  try {
    request.prompt = encode(policy, row);
    const auto length = static_cast<int64_t>(request.prompt.size());
    const int64_t context = policy.decoder().config().context_limit();
    check(length > 0, "the prompt is empty");
    check(request.n <= kMostAnswers, "n: {} answers, at most {} are given to one row", request.n,
          kMostAnswers);
    check(length < context, "the prompt's {} tokens leave no room in the model's context of {}",
          length, context);
  } catch (const Error& error) {
    request.error = error.what();
  }
  return request;
}

void print_answers(const policy::Policy& policy, const Request& request,
                   const rollout::SamplingParams& params) {
  OrderedJson completions = OrderedJson::array();
  for (const auto& c : request.completions) {
    completions.push_back({{"text", answer_text(policy, c, params)},
                           {"ids", c.tokens},
                           {"logprobs", number_list(c.logprobs)},
                           {"finish", name_of(c.finish)}});
  }
  print_row({{"id", request.id}, {"completions", std::move(completions)}});
}

/// Samples the answers of all requests: one call of the engine per number of answers.
int64_t answer_all(rollout::Engine& engine, const rollout::SamplingParams& common,
                   std::vector<Request>& requests) {
  std::map<int64_t, std::vector<Request*>> by_count;
  for (Request& request : requests) {
    if (request.error.empty()) by_count[request.n].push_back(&request);
  }
  int64_t tokens = 0;
  for (const auto& [n, members] : by_count) {
    rollout::SamplingParams params = common;
    std::vector<std::vector<int32_t>> prompts;
    for (const Request* request : members) {
      prompts.push_back(request->prompt);
      params.prompt_seeds.push_back(request->seed);
    }
    auto groups = engine.sample(prompts, n, params);
    for (size_t i = 0; i < members.size(); ++i) {
      members[i]->completions = std::move(groups[i].completions);
      for (const auto& c : members[i]->completions) tokens += static_cast<int64_t>(c.tokens.size());
    }
  }
  return tokens;
}

void generate_rows(ArrivingRows& rows, const rollout::SamplingParams& params, int64_t batch,
                   const policy::Policy& policy, rollout::Engine& engine) {
  // Rows are answered in blocks, large enough to keep a batch full until its last answers.
  const auto block = static_cast<size_t>(4 * batch);
  const Stopwatch watch;
  int64_t num_rows = 0, tokens = 0;
  while (true) {
    const auto arrived = rows.take(block);
    if (arrived.empty()) break;
    std::vector<Request> requests;
    std::exception_ptr malformed;  // thrown when the rows before it are answered
    try {
      for (const auto& [json, where] : arrived) {
        requests.push_back(read_request(policy, OrderedJsonObject(json, where), params.seed));
      }
    } catch (const Error&) {
      malformed = std::current_exception();
    }
    tokens += answer_all(engine, params, requests);
    for (const Request& request : requests) {
      if (request.error.empty()) {
        print_answers(policy, request, params);
      } else {
        print_row(error_row(request.id, request.error));
      }
    }
    if (malformed) std::rethrow_exception(malformed);
    num_rows += static_cast<int64_t>(requests.size());
  }
  log_info("{} rows, {} tokens, {:.1f} tokens/s", num_rows, tokens,
           static_cast<double>(tokens) / std::max(1e-9, watch.seconds()));
}

void generate(const Flags& flags) {
  const bool on_terminal = !flags.input.given() && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
  std::optional<ArrivingRows> rows;
  if (!on_terminal) rows.emplace(flags.input.path);  // rows gather while the model is loaded
  const auto policy = policy::Policy::load(flags.model);
  rollout::EngineConfig config;
  config.max_running = flags.batch;
  // As much as there is: pages are made only as needed, and one long answer must not be refused.
  config.kv_memory_mib = sysconf(_SC_PHYS_PAGES) / 2 * sysconf(_SC_PAGESIZE) / (1 << 20);
  rollout::Engine engine(config, policy->decoder(), &policy->tokenizer());
  rollout::SamplingParams params = flags.params;
  params.stop_tokens = policy->eos();
  if (on_terminal) {
    chat(*policy, engine, params);
  } else {
    generate_rows(*rows, params, flags.batch, *policy, engine);
  }
}

}  // namespace

std::vector<int32_t> encode_chat(const policy::Policy& policy, const OrderedJson& messages) {
  return policy.tokenizer().encode(policy.render_chat(messages), false);
}

std::string answer_text(const policy::Policy& policy, const rollout::Completion& completion,
                        const rollout::SamplingParams& params) {
  std::span<const int32_t> ids = completion.tokens;
  const auto& stops = params.stop_tokens;
  if (!ids.empty() && std::find(stops.begin(), stops.end(), ids.back()) != stops.end()) {
    ids = ids.first(ids.size() - 1);
  }
  std::string text = policy.tokenizer().decode(ids, true);
  for (const std::string& stop : params.stop_strings) text = text.substr(0, text.find(stop));
  return text;
}

void add_generate(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "generate", "answers to prompts; on a terminal without --input: a conversation");
  auto flags = std::make_shared<Flags>();
  flags->add_to(*command);
  command->callback([&chosen, flags] { chosen.work = [flags] { generate(*flags); }; });
}

}  // namespace grpo::apps
