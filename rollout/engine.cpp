#include "rollout/engine.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "kernels/matmul.h"
#include "kernels/sample.h"
#include "policy/tokenizer/tokenizer.h"

namespace grpo::rollout {
namespace {

using kernels::kPageSize;

/// Rows of logits that are held at once.
constexpr size_t kDrawRows = 64;

int64_t pages_of(int64_t tokens) { return (tokens + kPageSize - 1) / kPageSize; }

struct Draw {
  Sequence* sequence;
  int64_t row;  // of the step's hidden states
};

}  // namespace

struct Engine::Run {
  const SamplingParams& params;
  const Observer& observer;
  int64_t group = 0;
  int64_t max_context = 0;
  std::vector<Group> groups;
  BlockPool pool;
  Scheduler scheduler;
};

Engine::Engine(EngineConfig config, policy::Decoder& decoder, const policy::Tokenizer* tokenizer)
    : config_(config),
      decoder_(decoder),
      tokenizer_(tokenizer),
      vocab_(tokenizer == nullptr
                 ? decoder.head().out
                 : std::min<int64_t>(decoder.head().out, tokenizer->vocab_size())) {}

int64_t Engine::pages_for(int64_t prompt_tokens, int64_t max_tokens) const {
  const int64_t room = decoder_.config().context_limit() - prompt_tokens;
  return pages_of(prompt_tokens + std::min(max_tokens, room));
}

int64_t Engine::page_budget() const {
  // No machine has more, and the product stays a number of bytes.
  const int64_t mib = std::min(config_.kv_memory_mib, int64_t{1} << 40);
  return mib * (int64_t{1} << 20) / decoder_.page_bytes();
}

void Engine::check_room(int64_t prompt_tokens, int64_t max_tokens, const std::string& key) const {
  const int64_t pages = pages_for(prompt_tokens, max_tokens) + 1;  // one copied on write
  check_input(pages <= page_budget(),
              "{}.kv_memory_mib: one answer needs {} bytes of cache, the limit of {} MiB is less",
              key, pages * decoder_.page_bytes(), config_.kv_memory_mib);
}

void Engine::make_cache(std::span<const std::vector<int32_t>> prompts, int64_t group,
                        const SamplingParams& params) {
  const int64_t context = decoder_.config().context_limit();
  std::vector<int64_t> needs;  // pages of one full answer, per prompt
  for (size_t i = 0; i < prompts.size(); ++i) {
    const auto length = static_cast<int64_t>(prompts[i].size());
    check(length > 0, "prompt {}: empty", i);
    check(length < context, "prompt {}: {} tokens leave no room in the model's context of {}", i,
          length, context);
    check_room(length, params.max_tokens, "engine");
    needs.push_back(pages_for(length, params.max_tokens));
  }
  const int64_t largest = *std::max_element(needs.begin(), needs.end()) + 1;
  int64_t total = 0;
  for (const int64_t n : needs) total += (n + 1) * group + 1;
  const int64_t concurrent = (largest + 1) * std::min(config_.max_running, total);
  const int64_t wanted = std::min({page_budget(), total, concurrent});
  if (pages_.num_pages < wanted) {
    pages_ = {};  // free the old ones first
    pages_ = decoder_.make_pages(wanted);
  }
}

std::vector<Group> Engine::sample(std::span<const std::vector<int32_t>> prompts, int64_t group,
                                  const SamplingParams& params, const Observer& observer) {
  check(group >= 1, "group: {} answers per prompt, expected at least 1", group);
  check(params.max_tokens >= 1, "max_tokens: {}, expected at least 1", params.max_tokens);
  check_input(params.temperature == 0 || (params.temperature >= kLeastTemperature &&
                                          params.temperature <= kMostTemperature),
              "temperature: expected 0 (greedy) or {} to {}, got {}", kLeastTemperature,
              kMostTemperature, params.temperature);
  check(params.stop_strings.empty() || tokenizer_ != nullptr, "stop strings need a tokenizer");
  for (const std::string& text : params.stop_strings) {
    check_input(!text.empty(), "a stop string is empty: every answer would end at once");
  }
  check(params.prompt_seeds.empty() || params.prompt_seeds.size() == prompts.size(),
        "prompt_seeds: {} for {} prompts", params.prompt_seeds.size(), prompts.size());
  if (prompts.empty()) return {};
  make_cache(prompts, group, params);
  const auto copy_page = [this](int32_t from, int32_t to) {
    for (auto* pages : {&pages_.keys, &pages_.values}) {
      for (Tensor& layer : *pages) {
        const int64_t size = layer.stride(0);
        float* data = layer.mutable_data_ptr<float>();
        std::memcpy(data + to * size, data + from * size,
                    static_cast<size_t>(size) * sizeof(float));
      }
    }
  };
  Run run{params,
          observer,
          group,
          decoder_.config().context_limit(),
          {},
          BlockPool(pages_.num_pages),
          Scheduler({config_.max_running, config_.max_batch_tokens}, run.pool, copy_page)};
  for (size_t i = 0; i < prompts.size(); ++i) {
    run.groups.push_back({static_cast<int64_t>(i), prompts[i], {}});
    run.groups.back().completions.resize(static_cast<size_t>(group));
    auto sequence = std::make_unique<Sequence>();
    sequence->prompt = static_cast<int64_t>(i);
    sequence->tokens = prompts[i];
    sequence->prompt_length = sequence->length();
    run.scheduler.add_last(std::move(sequence));
  }
  while (step(run)) {
  }
  stats_.preempted += run.scheduler.num_preempted();
  check(run.pool.num_free() == run.pool.num_pages(), "rollout: {} pages were not given back",
        run.pool.num_pages() - run.pool.num_free());
  return std::move(run.groups);
}

/// Schedule, run, draw. False when nothing is left.
bool Engine::step(Run& run) {
  const std::vector<Scheduled> work = run.scheduler.next();
  if (work.empty()) return false;
  policy::PagedTokens input;
  for (const auto& [sequence, count] : work) {
    input.runs.push_back({input.size(), count, sequence->cached, sequence->pages.data()});
    for (int64_t p = sequence->cached; p < sequence->cached + count; ++p) {
      input.tokens.push_back(sequence->tokens[static_cast<size_t>(p)]);
      input.positions.push_back(static_cast<int32_t>(p));
      input.slots.push_back(sequence->pages[static_cast<size_t>(p / kPageSize)] * kPageSize +
                            p % kPageSize);
    }
    (sequence->uncached() == 1 ? stats_.decoded_tokens : stats_.prefilled_tokens) += count;
  }
  ++stats_.steps;
  const Tensor hidden = decoder_.forward(input, pages_);
  draw(run, work, hidden);
  return true;
}

/// Draws the next token of every sequence that is cached to its end; a prompt that is becomes a
/// group.
void Engine::draw(Run& run, const std::vector<Scheduled>& work, const Tensor& hidden) {
  std::vector<Draw> draws;
  std::vector<std::unique_ptr<Sequence>> forked;
  std::vector<const Sequence*> prompts_done;
  int64_t row = -1;
  for (const auto& [sequence, count] : work) {
    row += count;
    sequence->cached += count;
    if (sequence->uncached() > 0) continue;
    if (!sequence->is_prompt()) {
      draws.push_back({sequence, row});
      continue;
    }
    for (int64_t g = 0; g < run.group; ++g) {
      auto answer = std::make_unique<Sequence>();
      answer->prompt = sequence->prompt;
      answer->answer = g;
      if (run.params.prompt_seeds.empty()) {
        answer->philox_seed = run.params.seed;
        answer->philox_sequence =
            run.params.first_sequence + static_cast<uint64_t>(sequence->prompt * run.group + g);
      } else {
        answer->philox_seed = run.params.prompt_seeds[static_cast<size_t>(sequence->prompt)];
        answer->philox_sequence = static_cast<uint64_t>(g);
      }
      answer->tokens = sequence->tokens;
      answer->prompt_length = sequence->prompt_length;
      answer->completion.policy_version = version_;
      if (!run.params.stop_strings.empty()) {
        answer->decoder = std::make_unique<policy::StreamingDecoder>(*tokenizer_, true);
      }
      run.scheduler.share_pages(*sequence, *answer);
      draws.push_back({answer.get(), row});
      forked.push_back(std::move(answer));
    }
    prompts_done.push_back(sequence);
  }
  for (const Sequence* prompt : prompts_done) run.scheduler.remove(prompt);

  const policy::Weight head = decoder_.head();
  std::vector<Sequence*> finished;
  for (size_t begin = 0; begin < draws.size(); begin += kDrawRows) {
    const size_t count = std::min(kDrawRows, draws.size() - begin);
    std::vector<int64_t> rows;
    std::vector<kernels::SampleRow> settings;
    for (size_t i = begin; i < begin + count; ++i) {
      const Sequence& s = *draws[i].sequence;
      rows.push_back(draws[i].row);
      settings.push_back({.scale = decoder_.logit_scale(run.params.temperature),
                          .greedy = run.params.temperature == 0,
                          .top_k = static_cast<int32_t>(std::min(run.params.top_k, vocab_)),
                          .top_p = static_cast<float>(run.params.top_p),
                          .min_p = static_cast<float>(run.params.min_p),
                          .uniform = uniform(s.philox_seed, s.philox_sequence,
                                             static_cast<uint64_t>(s.length() - s.prompt_length))});
    }
    const Tensor x = policy::ops::select_rows(hidden, rows);
    const Tensor logits = at::empty({static_cast<int64_t>(count), head.out}, at::kFloat);
    kernels::cpu::matmul(x.const_data_ptr<float>(), head.value.const_data_ptr<float>(), nullptr,
                         logits.mutable_data_ptr<float>(), static_cast<int64_t>(count), head.out,
                         head.in);
    std::vector<int32_t> tokens(count);
    std::vector<float> logprobs(count), entropies(count);
    const int64_t bad = kernels::cpu::sample(logits.const_data_ptr<float>(), settings.data(),
                                             tokens.data(), logprobs.data(), entropies.data(),
                                             static_cast<int64_t>(count), vocab_, head.out);
    if (bad >= 0) {
      throw Diverged(fmt::format(
          "rollout: the logits of prompt {} are not finite (policy version {}){}",
          draws[begin + static_cast<size_t>(bad)].sequence->prompt, version_,
          version_ == 0 ? ""
                        : ": training has driven the weights out of range; start anew from an "
                          "earlier checkpoint with a lower optimizer.learning_rate"));
    }
    for (size_t i = 0; i < count; ++i) {
      Sequence& s = *draws[begin + i].sequence;
      if (take(run, s, tokens[i], logprobs[i], entropies[i])) finished.push_back(&s);
    }
  }
  // Answers that go on enter before other prompts, the first answer first.
  std::vector<std::unique_ptr<Sequence>> over;
  for (auto it = forked.rbegin(); it != forked.rend(); ++it) {
    const bool done = std::find(finished.begin(), finished.end(), it->get()) != finished.end();
    if (done) {
      run.scheduler.release_pages(**it);
      over.push_back(std::move(*it));
    } else {
      run.scheduler.add_first(std::move(*it));
    }
  }
  for (Sequence* s : finished) {
    const bool was_running =
        std::none_of(over.begin(), over.end(), [&](const auto& o) { return o.get() == s; });
    if (was_running) over.push_back(run.scheduler.remove(s));
    finish(run, *s);
  }
}

/// Adds a drawn token; true when the answer is complete.
bool Engine::take(Run& run, Sequence& sequence, int32_t token, float logprob, float entropy) {
  Completion& c = sequence.completion;
  sequence.tokens.push_back(token);
  c.tokens.push_back(token);
  c.logprobs.push_back(logprob);
  c.entropies.push_back(entropy);
  const SamplingParams& p = run.params;
  bool stop = false;
  if (run.observer.on_token) {
    stop = !run.observer.on_token(sequence.prompt, sequence.answer, token);
  }
  if (!p.ignore_stop) {
    stop =
        stop || std::find(p.stop_tokens.begin(), p.stop_tokens.end(), token) != p.stop_tokens.end();
    if (sequence.decoder != nullptr) {
      const size_t before = sequence.text.size();
      sequence.text += sequence.decoder->push(token);
      for (const std::string& s : p.stop_strings) {
        const size_t from = before > s.size() ? before - s.size() : 0;
        stop = stop || sequence.text.find(s, from) != std::string::npos;
      }
    }
  }
  if (stop) {
    c.finish = Finish::kStop;
    return true;
  }
  c.finish = Finish::kLength;
  return static_cast<int64_t>(c.tokens.size()) >= p.max_tokens ||
         sequence.length() >= run.max_context;
}

void Engine::finish(Run& run, Sequence& sequence) {
  Completion& place = run.groups[static_cast<size_t>(sequence.prompt)]
                          .completions[static_cast<size_t>(sequence.answer)];
  place = std::move(sequence.completion);
  if (run.observer.on_completion) {
    run.observer.on_completion(sequence.prompt, sequence.answer, place);
  }
}

}  // namespace grpo::rollout
