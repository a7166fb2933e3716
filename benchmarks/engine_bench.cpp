// Tokens per second of the engine: `batch` answers to one shared prompt, as JSON lines.
//   engine_bench MODEL PROMPT_TOKENS NEW_TOKENS ROUNDS BATCH…
// Times decoding and prefill apart; weights are loaded before. See benchmarks/README.md.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/stopwatch.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "policy/policy.h"
#include "rollout/engine.h"

int main(int argc, char** argv) try {
  using namespace grpo;
  if (argc < 6) {
    fmt::print(stderr, "engine_bench MODEL PROMPT_TOKENS NEW_TOKENS ROUNDS BATCH…\n");
    return 2;
  }
  const Stopwatch load;
  const auto policy = policy::Policy::load(argv[1]);
  const double load_seconds = load.seconds();
  const int64_t prompt_tokens = std::atoll(argv[2]), new_tokens = std::atoll(argv[3]);
  const int64_t rounds = std::atoll(argv[4]);
  Random random(1);
  std::vector<std::vector<int32_t>> prompts(1);
  for (int64_t i = 0; i < prompt_tokens; ++i) {
    prompts[0].push_back(
        static_cast<int32_t>(random.below(static_cast<uint64_t>(policy->vocab()))));
  }
  rollout::EngineConfig config;
  config.max_running = 256;
  rollout::Engine engine(config, policy->decoder(), &policy->tokenizer());
  rollout::SamplingParams params;
  params.ignore_stop = true;
  for (int64_t round = 0; round < rounds; ++round) {
    for (int i = 5; i < argc; ++i) {
      const int64_t batch = std::atoll(argv[i]);
      params.seed = static_cast<uint64_t>(round);
      params.max_tokens = 1;
      const Stopwatch first;
      engine.sample(prompts, batch, params);
      const double prefill = first.seconds();
      params.max_tokens = new_tokens + 1;
      const Stopwatch all;
      engine.sample(prompts, batch, params);
      const double decode = all.seconds() - prefill;
      fmt::print(
          "{{\"round\": {}, \"batch\": {}, \"decode_tokens_per_s\": {:.1f}, "
          "\"prefill_and_first_token_s\": {:.4f}, \"load_s\": {:.3f}, \"threads\": {}, \"isa\": "
          "\"{}\"}}\n",
          round, batch, static_cast<double>(batch * new_tokens) / decode, prefill, load_seconds,
          kernels::num_threads(), kernels::cpu::name(kernels::cpu::isa()));
      std::fflush(stdout);
    }
  }
  return 0;
} catch (const grpo::Error& error) {
  fmt::print(stderr, "engine_bench: {}\n", error.what());
  return 1;
}
