#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "datasets/fingerprint.h"
#include "datasets/problem.h"
#include "policy/policy.h"
#include "reward/rubric.h"
#include "rl/answers.h"
#include "rl/checkpoint.h"
#include "rl/data.h"
#include "rl/evaluate.h"
#include "rl/interrupt.h"
#include "rl/optimizer.h"
#include "rl/recipe.h"
#include "rl/run.h"
#include "rl/update.h"
#include "rollout/engine.h"

namespace grpo::rl {

/// What training by reinforcement and by demonstrations share: the policy with its optimiser,
/// engine, judge, checkpoints and evaluation, fresh or restored.
class Session {
 public:
  /// `Recipe` is TrainRecipe or SftRecipe. `stream` gets the cursor of a restored checkpoint.
  template <class Recipe, class Stream>
  Session(const Recipe& recipe, const rollout::EngineConfig& engine_config,
          const RunOptions& options, Stream& stream)
      : run_(options, recipe),
        checkpoints_(options.output, recipe.checkpoint.keep),
        checkpoint_every_(recipe.checkpoint.every),
        total_steps_(recipe.steps),
        eval_(recipe.eval),
        seed_(static_cast<uint64_t>(recipe.seed)),
        rubric_(recipe.reward) {
    for (const auto& source : stream.sources()) {  // demonstrations are not judged
      if constexpr (requires { rubric_.prepare(source.items); }) rubric_.prepare(source.items);
    }
    load(recipe.model, recipe.prompt, recipe.optimizer, engine_config);
    policy_->check_savable();
    check_data(recipe, stream);
    check_supported(recipe.moe, policy_->decoder());
    const std::string eval_data = datasets::fingerprint(eval_problems_);
    if (restored_) {
      stream.restore(state.stream);
      check_input(state.eval_data == eval_data,
                  "eval.data: its questions are not those of the checkpoint (edited, or in another "
                  "order); a run goes on with the questions that it began with");
    } else {
      state.stream = stream.cursor();
      state.eval_data = eval_data;
    }
    watch_for_interrupts();  // before, there is nothing to save
    run_.open(state.step, last_record(), last_step(), recipe.log);
    announce();
    if (eval_.every == 0 && !eval_.data.empty()) {
      log_warning("eval.every is 0: the questions of eval.data are never asked");
    }
    if (recipe.schedule.warmup_steps > recipe.steps) {
      log_warning("schedule.warmup_steps: {} for {} steps: the full learning rate is never reached",
                  recipe.schedule.warmup_steps, recipe.steps);
    }
  }

  /// Called with `state` as it stands after a step: writes the record, saves and evaluates when
  /// due.
  void finish_step(monitor::Record record, int64_t tokens);
  /// Makes steps until the last. An interrupt, which `step` passes on as Interrupted, saves the
  /// state after the last whole step: the one in progress is made again on resume. So does an
  /// error, where the policy still is that of `state` and has not diverged.
  template <class Step>
  void loop(Step step) {
    try {
      begin();
      while (goes_on()) {
        throw_if_interrupted();
        step_time_ = Stopwatch();
        step();
      }
    } catch (const Interrupted&) {
      save();
      throw;
    } catch (const rollout::Diverged&) {
      throw;  // what was saved before is better
    } catch (...) {
      save_before_leaving();
      throw;
    }
  }
  /// The frozen policy of the KL must be the one that the run began with. Throws Error (exit code
  /// 2) where a restored checkpoint knows another.
  void check_reference(const std::string& fingerprint);
  /// The loss, but an interrupt gives the step up between two micro-batches, where the policy is
  /// `unmoved` since the step began: later it is ahead of what would be saved.
  static BatchLoss interruptible(BatchLoss loss, bool unmoved);
  /// To be called before an update: until finish_step the policy is ahead of `state`.
  void policy_moves() { whole_ = false; }
  /// After a step's updates. Those left out because a loss was not finite stop the run after
  /// `limit` such steps without one that was applied in between, with the batch saved for
  /// inspection.
  void note_updates(int64_t applied, int64_t skipped, int64_t limit,
                    std::span<const std::vector<int32_t>> sequences);

  Run& run() { return run_; }
  policy::Policy& policy() { return *policy_; }
  Optimizer& optimizer() { return *optimizer_; }
  rollout::Engine& engine() { return *engine_; }
  const Prompter& prompter() const { return *prompter_; }
  const reward::Rubric& rubric() const { return rubric_; }
  ThreadPool& judges() { return *judges_; }
  uint64_t seed() const { return seed_; }

  TrainerState state;

 private:
  /// Everything that makes a row impossible, before the run has a folder.
  template <class Recipe, class Stream>
  void check_data(const Recipe& recipe, const Stream& stream) const {
    constexpr bool kSamples = requires { recipe.rollout; };
    const std::string engine_key = kSamples ? "rollout.engine" : "engine";
    for (const auto& source : stream.sources()) {
      if constexpr (kSamples) {
        check_questions(*engine_, *prompter_, rubric_, source.items, source.name,
                        recipe.rollout.max_new_tokens, engine_key);
      } else {
        prompter_->check_all(source.items, source.name);
      }
    }
    check_questions(*engine_, *prompter_, rubric_, eval_problems_, "eval.data",
                    eval_.max_new_tokens, engine_key);
  }
  void load(const ModelSource& model, const PromptConfig& prompt, const OptimizerConfig& optimizer,
            const rollout::EngineConfig& engine_config);
  void announce() const;
  /// Evaluation before the first step, or the one that an interrupt has cut off.
  void begin();
  /// The recipe's, or that of --steps.
  int64_t last_step() const;
  /// Whether another step is to be made.
  bool goes_on() const;
  /// Saves `state` unless its checkpoint is there.
  void save();
  /// The same when an error ends the run, which a second one must not hide.
  void save_before_leaving() noexcept;
  /// The last step whose record stands in metrics.jsonl for good: `begin` writes that of step 0 and
  /// an unfinished one again.
  int64_t last_record() const {
    return state.step == 0 || state.unfinished ? state.step - 1 : state.step;
  }
  void evaluate_into(monitor::Record& record);

  Run run_;
  Checkpoints checkpoints_;
  int64_t checkpoint_every_;
  int64_t total_steps_;
  EvalConfig eval_;
  uint64_t seed_;
  reward::Rubric rubric_;
  std::string model_path_;
  bool restored_ = false;
  bool whole_ = true;  ///< the policy and metrics.jsonl stand where `state` says
  std::unique_ptr<policy::Policy> policy_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<rollout::Engine> engine_;
  std::unique_ptr<Prompter> prompter_;
  std::vector<datasets::Problem> eval_problems_;
  std::unique_ptr<ThreadPool> judges_;
  Stopwatch step_time_;
};

}  // namespace grpo::rl
