#include "rl/train.h"

#include <algorithm>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/log.h"
#include "policy/tokenizer/tokenizer.h"
#include "rl/advantage.h"
#include "rl/answers.h"
#include "rl/checkpoint.h"
#include "rl/interrupt.h"
#include "rl/load_metrics.h"
#include "rl/select.h"
#include "rl/session.h"
#include "rl/update.h"

namespace grpo::rl {
namespace {

/// Statistics over the batch are those of all its groups, also of those that leave afterwards.
void set_advantages(std::vector<AnsweredProblem>& answered, const AdvantageConfig& config) {
  std::vector<std::vector<double>> rewards;
  for (const auto& a : answered) rewards.push_back(a.rewards);
  auto advantages = group_advantages(rewards, config);
  for (size_t g = 0; g < answered.size(); ++g) answered[g].advantages = std::move(advantages[g]);
}

void add_advantage_metrics(std::span<const AnsweredProblem> answered, monitor::Record& record) {
  double sum = 0, least = 0, most = 0;
  int64_t count = 0;
  for (const auto& problem : answered) {
    for (const double a : problem.advantages) {
      sum += a;
      least = count == 0 ? a : std::min(least, a);
      most = count == 0 ? a : std::max(most, a);
      ++count;
    }
  }
  if (count == 0) return;
  record.set("advantages/mean", sum / static_cast<double>(count));
  record.set("advantages/max", most);
  record.set("advantages/min", least);
}

void write_samples(Run& run, const policy::Tokenizer& tokenizer, int64_t step,
                   const std::vector<AnsweredProblem>& answered, int64_t count) {
  for (size_t g = 0; g < answered.size() && count > 0; ++g) {
    const AnsweredProblem& a = answered[g];
    const std::string prompt = tokenizer.decode(a.group.prompt, /*skip_special_tokens=*/false);
    const size_t half = (a.texts.size() + 1) / 2;  // a few answers of several questions
    for (size_t i = 0; i < half && count > 0; ++i, --count) {
      OrderedJson parts;
      for (const auto& part : a.scores[i].parts) parts[part.name] = part.value;
      const rollout::Completion& completion = a.group.completions[i];
      run.samples().write(step, {{"id", a.problem.id},
                                 {"question", a.problem.prompt},
                                 {"prompt", prompt},
                                 {"answer", a.texts[i]},
                                 {"tokens", completion.tokens.size()},
                                 {"finish", name_of(completion.finish)},
                                 {"gold", a.problem.answer},
                                 {"extracted", a.scores[i].verdict.extracted},
                                 {"rule", a.scores[i].verdict.rule},
                                 {"reward", json_number(a.rewards[i])},
                                 {"parts", parts}});
    }
  }
}

/// Minibatch m of the step's sequences: every minibatches-th one, so that lengths mix.
std::vector<Sequence> minibatch(const std::vector<Sequence>& all, int64_t m, int64_t of) {
  std::vector<Sequence> part;
  for (auto i = static_cast<size_t>(m); i < all.size(); i += static_cast<size_t>(of)) {
    part.push_back(all[i]);
  }
  return part;
}

class Trainer {
 public:
  Trainer(const TrainRecipe& recipe, const RunOptions& options)
      : recipe_(recipe),
        stream_(problem_sources(recipe.data, "data"), static_cast<uint64_t>(recipe.seed)),
        session_(recipe, recipe.rollout.engine, options, stream_) {
    for (const auto& source : stream_.sources()) {
      warn_of_unreadable(session_.rubric(), source.items, source.name);
    }
    if (needs_reference(recipe.loss)) {
      reference_ =
          recipe.model.random_init
              ? policy::Policy::random(recipe.model.path, session_.seed(), recipe.model.init_std)
              : policy::Policy::load(recipe.model.path);
      session_.check_reference(weights_fingerprint(reference_->decoder()));
    }
  }

  void run() {
    session_.loop([this] { step(); });
  }

 private:
  /// One line of the algorithm box after the other (DeepSeekMath, arXiv 2402.03300, algorithm 1).
  void step() {
    TrainerState next = session_.state;
    monitor::Record record{next.step + 1, {}};
    std::vector<AnsweredProblem> answered = sample(next, record);  // o ~ pi_old, r
    const int64_t tokens = count_tokens(answered);
    set_advantages(answered, recipe_.advantage);              // A
    if (recipe_.select.drop_uniform) drop_uniform(answered);  // their advantages are 0
    if (answered.empty()) {
      log_warning("step {}: every group had equal rewards: the policy stays as it is", record.step);
    }
    add_advantage_metrics(answered, record);
    learn(make_sequences(answered), record);  // pi <- pi + ...
    ++next.step;
    next.stream = stream_.cursor();
    next.skipped_in_a_row = session_.state.skipped_in_a_row;
    session_.state = std::move(next);
    session_.engine().weights_changed(session_.state.step);  // pi_old <- pi
    session_.finish_step(std::move(record), tokens);
  }

  std::vector<AnsweredProblem> sample(TrainerState& next, monitor::Record& record);
  void learn(std::vector<Sequence> sequences, monitor::Record& record);

  static int64_t count_tokens(const std::vector<AnsweredProblem>& answered) {
    int64_t n = 0;
    for (const auto& a : answered) {
      for (const auto& c : a.group.completions) n += static_cast<int64_t>(c.tokens.size());
    }
    return n;
  }

  const TrainRecipe& recipe_;
  datasets::Stream<datasets::Problem> stream_;
  Session session_;
  std::unique_ptr<policy::Policy> reference_;
};

/// Answers to the step's questions. With `refill_rounds`, as many new questions are asked as there
/// are groups of equal rewards, until enough others are there (dynamic sampling, DAPO, arXiv
/// 2503.14476).
std::vector<AnsweredProblem> Trainer::sample(TrainerState& next, monitor::Record& record) {
  const RolloutConfig& r = recipe_.rollout;
  rollout::SamplingParams params;
  params.max_tokens = r.max_new_tokens;
  params.temperature = r.temperature;
  params.seed = session_.seed();
  params.stop_tokens = session_.policy().eos();
  rollout::Observer observer;
  observer.on_token = [](int64_t, int64_t, int32_t) {
    throw_if_interrupted();
    return true;
  };
  const int64_t preempted_before = session_.engine().stats().preempted;
  std::vector<AnsweredProblem> all;
  int64_t kept = 0, rounds = 0;
  for (; rounds <= recipe_.select.refill_rounds; ++rounds) {
    const int64_t missing = r.questions - kept;
    if (missing <= 0) break;
    const auto span = session_.run().monitor().span("gen");
    params.first_sequence = next.next_sequence;
    next.next_sequence += static_cast<uint64_t>(missing * r.group_size);
    session_.run().note(fmt::format("sampling {} x {}", missing, r.group_size));
    auto answered =
        answer(session_.engine(), session_.prompter(), session_.rubric(), session_.judges(),
               stream_.next(missing), r.group_size, params, observer);
    kept += std::count_if(answered.begin(), answered.end(),
                          [](const AnsweredProblem& a) { return !equal_rewards(a.rewards); });
    std::move(answered.begin(), answered.end(), std::back_inserter(all));
  }
  add_answer_metrics(all, record);
  record.set("rollout/refill_rounds", static_cast<double>(std::max<int64_t>(0, rounds - 1)));
  record.set("perf/preempted",
             static_cast<double>(session_.engine().stats().preempted - preempted_before));
  record.set("data/epoch", static_cast<double>(stream_.epoch()));
  write_samples(session_.run(), session_.policy().tokenizer(), record.step, all,
                recipe_.log.samples);
  if (recipe_.select.refill_rounds > 0 && kept == 0) {
    const auto reward = record.find("reward/mean");
    throw Error(fmt::format(
        "step {}: all {} groups of {} rounds had equal rewards, so there is nothing to learn from "
        "({}). The questions are all too easy or too hard, or the format is never met: "
        "look at samples.jsonl, change data, reward or rollout.group_size, or raise "
        "select.refill_rounds",
        record.step, all.size(), recipe_.select.refill_rounds + 1,
        reward ? fmt::format("mean reward {}", *reward) : "no answer could be judged"));
  }
  return all;
}

void Trainer::learn(std::vector<Sequence> sequences, monitor::Record& record) {
  const auto span = session_.run().monitor().span("update_actor");
  session_.run().note("learning");
  if (recipe_.select.truncated == Truncated::kMask) mask_truncated(sequences);
  const UpdateConfig& u = recipe_.update;
  policy::Decoder& decoder = session_.policy().decoder();
  UpdateSettings settings;
  settings.temperature = recipe_.rollout.temperature;
  settings.vocab = session_.engine().vocab();
  settings.rate_factor = learning_rate_factor(recipe_.schedule, session_.state.step, recipe_.steps);
  settings.moe = recipe_.moe;
  LossMetrics metrics;
  UpdateResult last;
  double loss = 0, norm = 0, balance = 0;
  int64_t updates = 0, skipped = 0;
  std::vector<std::vector<int64_t>> load;
  for (int64_t epoch = 0; epoch < u.epochs; ++epoch) {
    for (int64_t m = 0; m < u.minibatches; ++m) {
      const auto part = minibatch(sequences, m, u.minibatches);
      const LossScale scale = loss_scale(part);
      if (scale.tokens == 0) continue;
      settings.completions = scale.completions;
      const auto batches = pack(part, u.max_tokens);
      if (batches.empty()) continue;
      const bool unmoved = updates == skipped;  // the policy is still the one that sampled
      session_.policy_moves();
      last = update(decoder, session_.optimizer(), batches,
                    session_.interruptible(grpo_loss(recipe_.loss, scale, unmoved,
                                                     reference_ ? &reference_->decoder() : nullptr,
                                                     settings.temperature, settings.vocab),
                                           unmoved),
                    settings);
      ++updates;
      if (!unmoved) last.metrics.forget_mismatch();
      if (last.skipped) {
        ++skipped;
        continue;
      }
      metrics.add(last.metrics);
      loss += last.loss;
      norm += last.grad_norm;
      balance += last.balance_loss;
      load = last.expert_load;
    }
  }
  std::vector<std::vector<int32_t>> tokens;
  if (skipped > 0) {
    for (const Sequence& s : sequences) tokens.push_back(s.tokens);
  }
  const int64_t applied = updates - skipped;
  session_.note_updates(applied, skipped, recipe_.max_skipped_steps, tokens);
  if (applied > 0) {
    const auto n = static_cast<double>(applied);
    metrics.pg_loss /= n;
    metrics.kl_loss /= n;
    record.set("train/loss", loss / n);
    for (const auto& [name, value] : metrics.named()) record.set(name, value);
    record.set("actor/grad_norm", norm / n);
    record.set("actor/lr", last.learning_rate);
    if (recipe_.moe.balance_loss > 0) record.set("moe/balance_loss", balance / n);
    add_load_metrics(load, record);
  }
  record.set("train/updates", static_cast<double>(applied));
  record.set("train/skipped", static_cast<double>(skipped));
  record.set("train/tokens", static_cast<double>(metrics.tokens));
}

}  // namespace

void train(const TrainRecipe& recipe, const RunOptions& options) { Trainer(recipe, options).run(); }

}  // namespace grpo::rl
