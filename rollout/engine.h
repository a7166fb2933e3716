#pragma once

#include <memory>
#include <string>

#include "base/config.h"
#include "policy/decoder.h"
#include "rollout/sampler.h"
#include "rollout/scheduler.h"

namespace grpo::policy {
class Tokenizer;
}

namespace grpo::rollout {

struct EngineConfig {
  int64_t max_running = 64;
  int64_t max_batch_tokens = 512;
  int64_t kv_memory_mib = 4096;
};

template <class Visitor>
void fields(Visitor& v, EngineConfig& c) {
  v("max_running", c.max_running, "sequences that decode together", at_least(1));
  v("max_batch_tokens", c.max_batch_tokens,
    "tokens in one engine step; longer prompts are cut into chunks", at_least(1));
  v("kv_memory_mib", c.kv_memory_mib, "upper limit of the key/value cache; used only as needed",
    at_least(1));
}

struct EngineStats {
  int64_t steps = 0;
  int64_t prefilled_tokens = 0;
  int64_t decoded_tokens = 0;
  int64_t preempted = 0;
};

/// Continuous batching over a paged cache, with the decoder's own weights: nothing is copied when
/// they change. A group's prompt is run once and its pages are shared. Every answer depends only on
/// its prompt, the weights, the parameters and its Philox sequence, never on the limits of
/// EngineConfig or on what else is being answered.
class Engine : public Sampler {
 public:
  /// `decoder` and `tokenizer` are borrowed. The tokenizer (may be null) bounds the ids that can be
  /// drawn to those it knows, since vocabularies are often padded, and serves stop strings.
  Engine(EngineConfig config, policy::Decoder& decoder, const policy::Tokenizer* tokenizer);

  std::vector<Group> sample(std::span<const std::vector<int32_t>> prompts, int64_t group,
                            const SamplingParams& params, const Observer& observer = {}) override;
  /// Throws Error (exit code 2) naming `<key>.kv_memory_mib` when one answer of `max_tokens` to a
  /// prompt of so many tokens does not fit the cache, as `sample` would in its turn.
  void check_room(int64_t prompt_tokens, int64_t max_tokens, const std::string& key) const;
  void weights_changed(int64_t version) override { version_ = version; }

  /// Ids that can be drawn: [0, vocab). The learner's softmax must end at the same id.
  int64_t vocab() const { return vocab_; }
  const EngineStats& stats() const { return stats_; }

 private:
  struct Run;  // one call of sample

  /// Pages that one full answer fills.
  int64_t pages_for(int64_t prompt_tokens, int64_t max_tokens) const;
  int64_t page_budget() const;
  void make_cache(std::span<const std::vector<int32_t>> prompts, int64_t group,
                  const SamplingParams& params);
  bool step(Run& run);
  void draw(Run& run, const std::vector<Scheduled>& work, const Tensor& hidden);
  bool take(Run& run, Sequence& sequence, int32_t token, float logprob, float entropy);
  void finish(Run& run, Sequence& sequence);

  EngineConfig config_;
  policy::Decoder& decoder_;
  const policy::Tokenizer* tokenizer_;
  int64_t vocab_;
  int64_t version_ = 0;
  policy::KvPages pages_;
  EngineStats stats_;
};

}  // namespace grpo::rollout
