#include "rl/session.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "rl/answers.h"

namespace grpo::rl {

void Session::load(const ModelSource& model, const PromptConfig& prompt,
                   const OptimizerConfig& optimizer, const rollout::EngineConfig& engine_config) {
  model_path_ = model.path;
  if (eval_.every > 0) eval_problems_ = all_problems(eval_.data, "eval.data");
  rubric_.prepare(eval_problems_);
  judges_ = std::make_unique<ThreadPool>(rubric_.num_threads());
  std::optional<std::filesystem::path> latest;
  if (run_.options().resume) {
    latest = checkpoints_.latest();
    check_input(latest.has_value() || !checkpoints_.any(),
                "--resume: no checkpoint of {} can be read", run_.folder().string());
  }
  if (latest) {
    policy_ = policy::Policy::load(*latest);
    optimizer_ = std::make_unique<Optimizer>(optimizer, policy_->decoder());
    state = Checkpoints::restore(*latest, *policy_, *optimizer_);
    restored_ = true;
  } else {  // a run that ended before its first checkpoint begins again
    policy_ = model.random_init ? policy::Policy::random(model.path, seed_, model.init_std)
                                : policy::Policy::load(model.path);
    optimizer_ = std::make_unique<Optimizer>(optimizer, policy_->decoder());
  }
  engine_ =
      std::make_unique<rollout::Engine>(engine_config, policy_->decoder(), &policy_->tokenizer());
  engine_->weights_changed(state.step);
  prompter_ = std::make_unique<Prompter>(prompt, *policy_);
  warn_of_unreadable(rubric_, eval_problems_, "eval.data");
}

void Session::check_reference(const std::string& fingerprint) {
  check_input(!restored_ || state.reference == fingerprint,
              "model.path: {} holds other weights than when the run began: they are the frozen "
              "policy of loss.kl",
              model_path_);
  state.reference = fingerprint;
}

BatchLoss Session::interruptible(BatchLoss loss, bool unmoved) {
  if (!unmoved) return loss;
  return [loss = std::move(loss)](const PackedBatch& batch, const TrainedTokens& tokens) {
    throw_if_interrupted();
    return loss(batch, tokens);
  };
}

void Session::announce() const {
  const auto& config = policy_->decoder().config();
  log_info("{}: {} of {:.1f}M parameters ({:.1f}M active), run folder {}",
           restored_ ? fmt::format("resumed after step {}", state.step) : "start",
           config.model_type, static_cast<double>(config.num_parameters()) / 1e6,
           static_cast<double>(config.num_active_parameters()) / 1e6, run_.folder().string());
}

int64_t Session::last_step() const {
  return std::min(run_.options().stop_after.value_or(total_steps_), total_steps_);
}

bool Session::goes_on() const { return !state.reached_target && state.step < last_step(); }

void Session::begin() {
  if (state.unfinished) {
    monitor::Record record = *state.unfinished;
    evaluate_into(record);
    state.unfinished.reset();
    run_.monitor().log(std::move(record));
  } else if (state.step == 0 && eval_.every > 0) {
    monitor::Record record{0, {}};
    evaluate_into(record);
    run_.monitor().log(std::move(record));
  }
}

void Session::evaluate_into(monitor::Record& record) {
  const auto span = run_.monitor().span("testing");
  const int64_t all = static_cast<int64_t>(eval_problems_.size()) * eval_.samples;
  const auto note = [&](int64_t answers) {
    run_.note(fmt::format("evaluating {}/{}", answers, all));
  };
  note(0);
  const EvalResult result =
      evaluate(*engine_, *prompter_, policy_->eos(), rubric_, eval_problems_, eval_, seed_, note);
  const std::string at = "@" + std::to_string(eval_.samples);
  record.set("val-core/mean" + at, result.accuracy);
  record.set("val-core/best" + at, result.pass_at_k);
  record.set("val-core/low", result.low);
  record.set("val-core/high", result.high);
  record.set("val-aux/response_length/mean", result.mean_length);
  record.set("val-aux/response_length/clip_ratio", result.truncated);
  record.set("val-aux/unjudged", result.unjudged);
  log_info("step {}: held-out accuracy {:.1f} % (95 % interval {:.1f} to {:.1f}) on {} questions",
           record.step, 100 * result.accuracy, 100 * result.low, 100 * result.high,
           result.problems);
  // Not before the first step: what comes next wants this run's checkpoint.
  if (record.step > 0 && eval_.stop_at && result.accuracy >= *eval_.stop_at) {
    state.reached_target = true;
    log_info("eval.stop_at: {} is reached, training ends", *eval_.stop_at);
  }
}

void Session::save() {
  const auto span = run_.monitor().span("save_checkpoint");
  whole_ = false;  // what cannot be saved is not tried again
  run_.sync();
  checkpoints_.save(*policy_, *optimizer_, state);
  whole_ = true;
}

void Session::save_before_leaving() noexcept {
  if (!whole_) return;
  try {
    save();
    log_info("saved after step {}; --resume goes on", state.step);
  } catch (const std::exception& error) {
    log_warning("step {} could not be saved: {}", state.step, error.what());
  }
}

void Session::finish_step(monitor::Record record, int64_t tokens) {
  whole_ = true;
  record.set("perf/throughput", static_cast<double>(tokens) / std::max(1e-9, step_time_.seconds()));
  record.set("perf/tokens", static_cast<double>(tokens));
  record.set("perf/peak_memory_mib", peak_memory_mib());
  record.set("perf/memory_mib", resident_memory_mib());
  // Not at --steps: a run made in parts has the records of one made at once.
  if (eval_.every > 0 && (state.step == total_steps_ || state.step % eval_.every == 0)) {
    state.unfinished = record;
    evaluate_into(record);
    state.unfinished.reset();
  }
  // Before the checkpoint: whatever is killed in between, no step lacks its record on resume.
  whole_ = false;
  run_.monitor().log(std::move(record));
  whole_ = true;
  if (!goes_on() || (checkpoint_every_ > 0 && state.step % checkpoint_every_ == 0)) save();
}

void Session::note_updates(int64_t applied, int64_t skipped, int64_t limit,
                           std::span<const std::vector<int32_t>> sequences) {
  if (applied == 0) whole_ = true;  // nothing has moved
  if (skipped == 0) {
    if (applied > 0) state.skipped_in_a_row = 0;
    return;
  }
  ++state.skipped_in_a_row;
  log_warning(
      "step {}: loss or gradient is not finite; that update was left out ({} steps in a row)",
      state.step + 1, state.skipped_in_a_row);
  if (state.skipped_in_a_row < limit) return;
  OrderedJson batch = OrderedJson::array();
  for (const auto& tokens : sequences) batch.push_back(tokens);
  const auto file = run_.folder() / "failed_batch.json";
  write_atomically(file, OrderedJson{{"step", state.step + 1}, {"sequences", batch}}.dump() + "\n");
  throw Error(fmt::format(
      "{} steps in a row had a loss or gradient that is not finite: the last "
      "batch is in {}. Look at its answers, or start a new run from the last checkpoint "
      "with a lower optimizer.learning_rate",
      state.skipped_in_a_row, file.string()));
}

}  // namespace grpo::rl
