#include <algorithm>

#include "base/error.h"
#include "rl/load_metrics.h"
#include "rl/session.h"
#include "rl/train.h"
#include "rl/update.h"

namespace grpo::rl {
namespace {

/// Prompt and response with the response (and its end-of-sequence token) trained.
Sequence sequence_of(const datasets::Demonstration& d, const Prompter& prompter) {
  Prompter::Encoded encoded = prompter.encode(d);
  Sequence s;
  s.tokens = std::move(encoded.ids);
  s.trained.assign(s.tokens.size(), 1);
  std::fill(s.trained.begin(), s.trained.begin() + encoded.num_prompt, uint8_t{0});
  return s;
}

}  // namespace

void sft(const SftRecipe& recipe, const RunOptions& options) {
  datasets::Stream<datasets::Demonstration> stream(demonstration_sources(recipe.data, "data"),
                                                   static_cast<uint64_t>(recipe.seed));
  Session session(recipe, recipe.engine, options, stream);
  policy::Decoder& decoder = session.policy().decoder();
  UpdateSettings settings;
  settings.vocab = session.policy().vocab();
  settings.completions = recipe.batch;
  settings.moe = recipe.moe;
  session.loop([&] {
    TrainerState next = session.state;
    monitor::Record record{next.step + 1, {}};
    std::vector<Sequence> sequences;
    for (const auto& d : stream.next(recipe.batch)) {
      sequences.push_back(sequence_of(d, session.prompter()));
    }
    const LossScale scale = loss_scale(sequences);
    settings.rate_factor = learning_rate_factor(recipe.schedule, next.step, recipe.steps);
    UpdateResult result;
    {
      const auto span = session.run().monitor().span("update_actor");
      session.policy_moves();
      result = update(decoder, session.optimizer(), pack(sequences, recipe.update.max_tokens),
                      session.interruptible(cross_entropy(scale), true), settings);
    }
    std::vector<std::vector<int32_t>> tokens;
    if (result.skipped) {
      for (const Sequence& s : sequences) tokens.push_back(s.tokens);
    }
    session.note_updates(result.skipped ? 0 : 1, result.skipped ? 1 : 0, recipe.max_skipped_steps,
                         tokens);
    if (!result.skipped) {
      record.set("train/loss", result.loss);
      record.set("actor/grad_norm", result.grad_norm);
      record.set("actor/lr", result.learning_rate);
      record.set("actor/entropy",
                 result.metrics.entropy / static_cast<double>(result.metrics.tokens));
      if (recipe.moe.balance_loss > 0) record.set("moe/balance_loss", result.balance_loss);
      add_load_metrics(result.expert_load, record);
    }
    record.set("train/updates", result.skipped ? 0 : 1);
    record.set("train/skipped", result.skipped ? 1 : 0);
    record.set("train/tokens", static_cast<double>(scale.tokens));
    record.set("data/epoch", static_cast<double>(stream.epoch()));
    ++next.step;
    next.stream = stream.cursor();
    next.skipped_in_a_row = session.state.skipped_in_a_row;
    session.state = std::move(next);
    session.engine().weights_changed(session.state.step);
    session.finish_step(std::move(record), scale.tokens);
  });
}

}  // namespace grpo::rl
