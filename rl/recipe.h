#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config.h"
#include "datasets/formats.h"
#include "datasets/generators.h"
#include "reward/rubric.h"
#include "rl/advantage_config.h"
#include "rl/loss_config.h"
#include "rl/optimizer.h"
#include "rl/schedule.h"
#include "rl/update.h"
#include "rollout/engine.h"

/// What a recipe may say: the aggregates that `grpo train | sft | eval` read. Torch-free values
/// only.
namespace grpo::rl {

/// Counts beyond these are slips of the pen: they would end in an overflow or for want of memory.
constexpr double kMostPerStep = 1 << 20, kMostRows = 1e9;

struct ModelSource {
  std::string path;
  bool random_init = false;
  double init_std = 0.02;
};

template <class Visitor>
void fields(Visitor& v, ModelSource& c) {
  v("path", c.path, "Hugging Face folder or .gguf file", required(), not_empty(), existing_path());
  v("random_init", c.random_init,
    "start from random weights: the folder needs config.json and a tokenizer only");
  v("init_std", c.init_std, "deviation of the random matrices", more_than(0));
}

/// Questions come from a generator or from a file.
struct SourceConfig {
  std::string name;
  std::optional<datasets::GeneratorConfig> generator;
  std::optional<datasets::Split> split;
  std::string path;
  std::optional<datasets::Format> format;
  int64_t skip = 0;
  int64_t count = 0;
  double weight = 1.0;
};

template <class Visitor>
void fields(Visitor& v, SourceConfig& c) {
  v("name", c.name, "shown in logs and kept in checkpoints");
  v("generator", c.generator, "problems made from a seed (instead of path)");
  v("split", c.split, "generator: which half, null: train; no text is in both");
  v("path", c.path, "JSON lines, plain or .gz (instead of generator)", existing_path());
  v("format", c.format,
    "path: layout of questions, null: prompt; demonstrations have a layout of their own");
  v("skip", c.skip, "leave out the first so many", in_range(0, kMostRows));
  v("count", c.count, "take so many; 0: all of the file, 10000 of a generator",
    in_range(0, kMostRows));
  v("weight", c.weight, "share in the mixture", more_than(0));
}

template <class Rules>
void rules(const Rules& r, const SourceConfig& c) {
  r(c.generator.has_value() != !c.path.empty(), "", "exactly one of generator and path is needed");
  r(!c.generator || !c.format, "format", "is for path: a generator has no rows to lay out");
  r(c.generator || !c.split, "split",
    "is for generator: a file is taken whole; see skip and count");
  r(c.split != datasets::Split::held_out || c.generator->held_out > 0, "split",
    "generator.held_out is 0, so there are no held-out problems");
}

/// From a question to the text the policy continues.
struct PromptConfig {
  bool chat = true;
  std::string system;
  std::string text = "{question}";
  std::string answer_prefix;
  int64_t max_tokens = 0;
};

template <class Visitor>
void fields(Visitor& v, PromptConfig& c) {
  v("chat", c.chat, "use the model's chat template; else `text` is all there is");
  v("system", c.system, "system message; empty: none is given (the template may have its own)");
  v("text", c.text, "the user's message; {question} is replaced");
  v("answer_prefix", c.answer_prefix,
    "put behind the prompt and counted as the answer's beginning by format rewards (<think>)");
  v("max_tokens", c.max_tokens, "longer prompts are refused; 0: only the context limits them",
    at_least(0));
}

template <class Rules>
void rules(const Rules& r, const PromptConfig& c) {
  r(c.text.find("{question}") != std::string::npos, "text", "has no {{question}}");
  r(c.chat || c.system.empty(), "system", "needs chat: true; else `text` is all there is");
}

struct RolloutConfig {
  int64_t questions = 8;
  int64_t group_size = 8;
  int64_t max_new_tokens = 256;
  double temperature = 1.0;
  rollout::EngineConfig engine;
};

template <class Visitor>
void fields(Visitor& v, RolloutConfig& c) {
  v("questions", c.questions, "questions per step", in_range(1, kMostPerStep));
  v("group_size", c.group_size, "answers per question", in_range(2, kMostPerStep));
  v("max_new_tokens", c.max_new_tokens, "an answer is cut after so many tokens", at_least(1));
  v("temperature", c.temperature, "of sampling; the learner's log-probabilities use it too",
    in_range(rollout::kLeastTemperature, rollout::kMostTemperature));
  v("engine", c.engine, "limits of the engine; they never change a result");
}

enum class Truncated { kKeep, kMask };
constexpr std::array<std::pair<Truncated, const char*>, 2> enum_names(Truncated) {
  return {{{Truncated::kKeep, "keep"}, {Truncated::kMask, "mask"}}};
}

struct SelectConfig {
  bool drop_uniform = true;
  int64_t refill_rounds = 0;
  Truncated truncated = Truncated::kKeep;
};

template <class Visitor>
void fields(Visitor& v, SelectConfig& c) {
  v("drop_uniform", c.drop_uniform, "groups whose rewards are all equal are not learned from");
  v("refill_rounds", c.refill_rounds,
    "sample more questions in place of dropped ones, so many times at most (DAPO: 9)",
    in_range(0, kMostPerStep));
  v("truncated", c.truncated, "answers cut by the length limit: learned as they are, or masked");
}

struct UpdateConfig {
  int64_t max_tokens = 2048;
  int64_t minibatches = 1;
  int64_t epochs = 1;
};

template <class Visitor>
void fields(Visitor& v, UpdateConfig& c) {
  v("max_tokens", c.max_tokens,
    "tokens per micro-batch: bounds memory; the gradient is the same to float32 rounding",
    at_least(1));
  v("minibatches", c.minibatches, "optimiser steps per pass over a step's answers",
    in_range(1, kMostPerStep));
  v("epochs", c.epochs, "passes over a step's answers", in_range(1, kMostPerStep));
}

struct EvalConfig {
  int64_t every = 0;
  std::optional<double> stop_at;
  std::vector<SourceConfig> data;
  int64_t samples = 1;
  double temperature = 0.0;
  double top_p = 1.0;
  int64_t max_new_tokens = 256;
};

template <class Visitor>
void fields(Visitor& v, EvalConfig& c) {
  v("every", c.every,
    "evaluate after every so many steps, before the first and after the last; "
    "0: never",
    at_least(0));
  v("stop_at", c.stop_at, "training ends once an evaluation's accuracy is at least this",
    in_range(0, 1));
  v("data", c.data, "questions to be answered");
  v("samples", c.samples, "answers per question", in_range(1, kMostPerStep));
  v("temperature", c.temperature, "0: greedy", at_least(0));
  v("top_p", c.top_p, "nucleus", in_range(0, 1));
  v("max_new_tokens", c.max_new_tokens, "an answer is cut after so many tokens", at_least(1));
}

template <class Rules>
void rules(const Rules& r, const EvalConfig& c) {
  const double t = c.temperature;
  r(t == 0 || (t >= rollout::kLeastTemperature && t <= rollout::kMostTemperature), "temperature",
    "expected 0 (greedy) or {} to {}, got {}", rollout::kLeastTemperature,
    rollout::kMostTemperature, t);
  r(c.samples == 1 || t > 0, "temperature", "{} greedy answers would all be the same", c.samples);
  r(c.every == 0 || !c.data.empty(), "data", "`every` asks for questions to answer");
}

/// The rules of `eval` for a recipe with steps.
template <class Rules>
void training_rules(const Rules& r, const EvalConfig& c) {
  r(c.every > 0 || !c.stop_at, "eval.stop_at",
    "without eval.every there is no evaluation to meet it");
}

struct CheckpointConfig {
  int64_t every = 50;
  int64_t keep = 2;
};

template <class Visitor>
void fields(Visitor& v, CheckpointConfig& c) {
  v("every", c.every, "save after every so many steps (the last one always); 0: only the last",
    at_least(0));
  v("keep", c.keep, "older checkpoints are removed", at_least(1));
}

struct LogConfig {
  int64_t samples = 4;
  bool tensorboard = false;
};

template <class Visitor>
void fields(Visitor& v, LogConfig& c) {
  v("samples", c.samples, "answers per step written to samples.jsonl", at_least(0));
  v("tensorboard", c.tensorboard, "also write TensorBoard event files");
}

struct TrainRecipe {
  int64_t seed = 1;
  int64_t steps = 100;
  ModelSource model;
  std::vector<SourceConfig> data;
  PromptConfig prompt;
  RolloutConfig rollout;
  reward::RubricConfig reward;
  AdvantageConfig advantage;
  LossConfig loss;
  SelectConfig select;
  UpdateConfig update;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  MoeTrainConfig moe;
  EvalConfig eval;
  CheckpointConfig checkpoint;
  LogConfig log;
  int64_t max_skipped_steps = 3;
};

template <class Visitor>
void fields(Visitor& v, TrainRecipe& c) {
  v("seed", c.seed, "everything random follows from it", at_least(0));
  v("steps", c.steps, "updates of the policy", at_least(1));
  v("model", c.model, "the policy to start from");
  v("data", c.data, "sources of questions, mixed by weight", required(), not_empty());
  v("prompt", c.prompt, "how a question is put");
  v("rollout", c.rollout, "sampling of answers");
  v("reward", c.reward, "what an answer is worth");
  v("advantage", c.advantage, "from rewards to advantages");
  v("loss", c.loss, "the policy loss");
  v("select", c.select, "which answers are learned from");
  v("update", c.update, "how a step's answers are cut into updates");
  v("optimizer", c.optimizer, "AdamW");
  v("schedule", c.schedule, "course of the learning rate over `steps`");
  v("moe", c.moe, "mixture of experts");
  v("eval", c.eval, "accuracy on held-out questions");
  v("checkpoint", c.checkpoint, "what is kept on disk");
  v("log", c.log, "what is written beside metrics.jsonl");
  v("max_skipped_steps", c.max_skipped_steps,
    "stop after so many steps in a row whose loss is not finite", at_least(1));
}

template <class Rules>
void rules(const Rules& r, const TrainRecipe& c) {
  const int64_t answers = c.rollout.questions * c.rollout.group_size;
  r(c.update.minibatches * c.update.epochs == 1 || c.update.minibatches <= answers,
    "update.minibatches", "{} for only {} answers per step", c.update.minibatches, answers);
  r(reward::pays(c.reward), "reward",
    "every weight is 0, so all answers are worth the same and nothing is learned");
  r(c.select.refill_rounds == 0 || c.select.drop_uniform, "select.refill_rounds",
    "needs select.drop_uniform");
  const Baseline baseline = c.advantage.baseline;
  r(!c.select.drop_uniform || (baseline != Baseline::kBatchMean && baseline != Baseline::kNone),
    "select.drop_uniform",
    "with advantage.baseline {} groups of equal rewards carry a gradient: set it to false",
    name_of(baseline));
  r(c.loss.correction.kind == Correction::kNone, "loss.correction.kind",
    "has nothing to correct: engine and learner compute the same log-probabilities from the same "
    "weights");
  training_rules(r, c.eval);
}

struct SftRecipe {
  int64_t seed = 1;
  int64_t steps = 100;
  ModelSource model;
  std::vector<SourceConfig> data;
  PromptConfig prompt;
  int64_t batch = 32;
  UpdateConfig update;
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  MoeTrainConfig moe;
  reward::RubricConfig reward;
  EvalConfig eval;
  rollout::EngineConfig engine;
  CheckpointConfig checkpoint;
  LogConfig log;
  int64_t max_skipped_steps = 3;
};

template <class Visitor>
void fields(Visitor& v, SftRecipe& c) {
  v("seed", c.seed, "everything random follows from it", at_least(0));
  v("steps", c.steps, "updates of the policy", at_least(1));
  v("model", c.model, "the policy to start from");
  v("data", c.data, "sources of demonstrations, mixed by weight", required(), not_empty());
  v("prompt", c.prompt, "how a question is put");
  v("batch", c.batch, "demonstrations per step", in_range(1, kMostPerStep));
  v("update", c.update, "how a step's demonstrations are cut into updates");
  v("optimizer", c.optimizer, "AdamW");
  v("schedule", c.schedule, "course of the learning rate over `steps`");
  v("moe", c.moe, "mixture of experts");
  v("reward", c.reward, "how evaluation judges");
  v("eval", c.eval, "accuracy on held-out questions");
  v("engine", c.engine, "limits of the engine, for evaluation");
  v("checkpoint", c.checkpoint, "what is kept on disk");
  v("log", c.log, "what is written beside metrics.jsonl");
  v("max_skipped_steps", c.max_skipped_steps,
    "stop after so many steps in a row whose loss is not finite", at_least(1));
}

template <class Rules>
void rules(const Rules& r, const SftRecipe& c) {
  for (size_t i = 0; i < c.data.size(); ++i) {
    r(!c.data[i].format, fmt::format("data.{}.format", i),
      "is for questions: files of demonstrations have a layout of their own");
  }
  r(c.update.minibatches == 1 && c.update.epochs == 1, "update",
    "minibatches and epochs are for grpo train; sft makes one update per step");
  training_rules(r, c.eval);
}

struct EvalRecipe {
  int64_t seed = 1;
  ModelSource model;
  PromptConfig prompt;
  reward::RubricConfig reward;
  EvalConfig eval;
  rollout::EngineConfig engine;
};

template <class Visitor>
void fields(Visitor& v, EvalRecipe& c) {
  v("seed", c.seed, "of sampling", at_least(0));
  v("model", c.model, "the policy to judge");
  v("prompt", c.prompt, "how a question is put");
  v("reward", c.reward, "how answers are judged");
  v("eval", c.eval, "questions and sampling");
  v("engine", c.engine, "limits of the engine; they never change a result");
}

template <class Rules>
void rules(const Rules& r, const EvalRecipe& c) {
  r(!c.eval.data.empty(), "eval.data", "no questions to answer");
  const char* once = "is for training; an evaluation is made once";
  r(c.eval.every == 0, "eval.every", "{}", once);
  r(!c.eval.stop_at, "eval.stop_at", "{}", once);
}

}  // namespace grpo::rl
