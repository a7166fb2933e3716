#include <fmt/format.h>

#include <fstream>
#include <memory>

#include "apps/commands.h"
#include "apps/recipe_flags.h"
#include "base/enum_names.h"
#include "base/file.h"
#include "base/log.h"
#include "base/stopwatch.h"
#include "monitor/terminal.h"
#include "policy/policy.h"
#include "policy/tokenizer/tokenizer.h"
#include "rl/answers.h"
#include "rl/data.h"
#include "rl/evaluate.h"
#include "rl/interrupt.h"
#include "rl/run.h"
#include "rl/train.h"

namespace grpo::apps {
namespace {

/// Every answer with its verdict, a line each.
void write_samples(const std::filesystem::path& file, const rl::EvalResult& result,
                   const std::vector<datasets::Problem>& problems,
                   const policy::Tokenizer& tokenizer) {
  write_atomically(file, [&](std::ostream& out) {
    for (const auto& answered : result.answers) {
      const datasets::Problem& problem = problems[static_cast<size_t>(answered.problem)];
      const auto prompt = tokenizer.decode(answered.group.prompt, /*skip_special_tokens=*/false);
      for (size_t s = 0; s < answered.texts.size(); ++s) {
        const auto& completion = answered.group.completions[s];
        const reward::RubricScore& score = answered.scores[s];
        out << print_json(OrderedJson{{"id", problem.id},
                                      {"sample", s},
                                      {"question", problem.prompt},
                                      {"prompt", prompt},
                                      {"answer", answered.texts[s]},
                                      {"gold", problem.answer},
                                      {"verdict", name_of(score.verdict.outcome)},
                                      {"extracted", score.verdict.extracted},
                                      {"rule", score.verdict.rule},
                                      {"reward", json_number(score.total)},
                                      {"tokens", completion.tokens.size()},
                                      {"finish", name_of(completion.finish)}})
            << "\n";
      }
    }
  });
}

OrderedJson results_json(const rl::EvalResult& r) {
  return {{"problems", r.problems},
          {"samples", r.samples},
          {"accuracy", json_number(r.accuracy)},
          {"accuracy_low", json_number(r.low)},
          {"accuracy_high", json_number(r.high)},
          {"pass_at_k", json_number(r.pass_at_k)},
          {"truncated", json_number(r.truncated)},
          {"unjudged", json_number(r.unjudged)},
          {"mean_length", json_number(r.mean_length)}};
}

void print_table(const JsonObject& results) {
  const auto number = [&](const char* key) { return results.required<double>(key); };
  const auto k = results.required<int64_t>("samples");
  fmt::print("problems   {}\nsamples    {}\n", results.required<int64_t>("problems"), k);
  fmt::print("avg@{:<6} {:.2f} %  (95 % interval {:.2f} to {:.2f})\n", k, 100 * number("accuracy"),
             100 * number("accuracy_low"), 100 * number("accuracy_high"));
  fmt::print("pass@{:<5} {:.2f} %\ntruncated  {:.2f} %\nlength     {:.1f} tokens\n", k,
             100 * number("pass_at_k"), 100 * number("truncated"), number("mean_length"));
}

/// `answers 12/400  ETA 45s`, on terminals only.
class Progress {
 public:
  Progress(int64_t all, bool shown) : all_(all) {
    if (shown) terminal_ = std::make_unique<monitor::TerminalProgress>(monitor::ProgressOptions{});
  }
  void show(int64_t answers) const {
    if (!terminal_) return;
    const double seconds_each = watch_.seconds() / static_cast<double>(answers);
    const auto left = monitor::short_duration(seconds_each * static_cast<double>(all_ - answers));
    terminal_->note(fmt::format("answers {}/{}  ETA {}", answers, all_, left));
  }

 private:
  int64_t all_;
  Stopwatch watch_;
  std::unique_ptr<monitor::TerminalProgress> terminal_;
};

void evaluate(const rl::EvalRecipe& recipe, const rl::RunOptions& options) {
  rl::Run run(options, recipe);
  const auto begin = [&] {
    if (!options.resume) run.create();
    configure_log({.least = options.quiet ? LogLevel::warning : LogLevel::info,
                   .file = run.folder() / "log.txt"});
  };
  const auto results_file = run.folder() / "results.json";
  if (!options.resume || !std::filesystem::exists(results_file)) {
    const auto problems = rl::all_problems(recipe.eval.data, "eval.data");
    reward::Rubric rubric(recipe.reward);
    rubric.prepare(problems);
    const auto seed = static_cast<uint64_t>(recipe.seed);
    const auto policy = recipe.model.random_init
                            ? policy::Policy::random(recipe.model.path, seed, recipe.model.init_std)
                            : policy::Policy::load(recipe.model.path);
    rollout::Engine engine(recipe.engine, policy->decoder(), &policy->tokenizer());
    const rl::Prompter prompter(recipe.prompt, *policy);
    rl::check_questions(engine, prompter, rubric, problems, "eval.data", recipe.eval.max_new_tokens,
                        "engine");
    rl::watch_for_interrupts();
    begin();  // what fails before leaves no folder behind
    rl::warn_of_unreadable(rubric, problems, "eval.data");
    log_info("{} questions, {} answers each, run folder {}", problems.size(), recipe.eval.samples,
             run.folder().string());
    const auto result = [&] {
      const Progress progress(static_cast<int64_t>(problems.size()) * recipe.eval.samples,
                              !options.quiet);
      return rl::evaluate(engine, prompter, policy->eos(), rubric, problems, recipe.eval, seed,
                          [&](int64_t answers) { progress.show(answers); });
    }();
    write_samples(run.folder() / "samples.jsonl", result, problems, policy->tokenizer());
    write_atomically(results_file, results_json(result).dump(2) + "\n");
  }
  const Json results = parse_json(read_file(results_file), results_file.string());
  print_table(JsonObject(results, results_file.string()));
}

}  // namespace

void add_eval(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand(
      "eval",
      "accuracy of a model on questions; --resume gives a finished run's results again, "
      "and evaluates an unfinished one from its start, to the same results");
  auto flags = std::make_shared<RecipeFlags>();
  flags->add_to(*command, /*has_steps=*/false);
  command->callback([&chosen, flags] {
    chosen.work = [&chosen, flags] {
      const auto recipe = flags->read<rl::EvalRecipe>();
      if (flags->dry_run) {
        fmt::print("{}", print_config(recipe));
        return;
      }
      rl::outlive_failed_writes();
      try {
        evaluate(recipe, {.output = flags->output_folder(),
                          .resume = flags->resume,
                          .stop_after = {},
                          .quiet = flags->quiet,
                          .command = chosen.command_line});
      } catch (const rl::Interrupted&) {
        throw Error("interrupted; --resume makes the evaluation again from its start",
                    rl::interrupt_exit_code());
      }
    };
  });
}

}  // namespace grpo::apps
