#include "rl/train.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "apps/commands.h"
#include "apps/recipe_flags.h"
#include "rl/interrupt.h"

namespace grpo::apps {
namespace {

template <class Recipe>
void add_run(CLI::App& app, Chosen& chosen, const char* name, const char* help,
             void (*run)(const Recipe&, const rl::RunOptions&)) {
  CLI::App* command = app.add_subcommand(name, help);
  auto flags = std::make_shared<RecipeFlags>();
  flags->add_to(*command, /*has_steps=*/true);
  command->callback([&chosen, flags, run] {
    chosen.work = [&chosen, flags, run] {
      const auto recipe = flags->read<Recipe>();
      if (flags->dry_run) {
        fmt::print("{}", print_config(recipe));
        return;
      }
      rl::RunOptions options;
      options.output = flags->output_folder();
      options.resume = flags->resume;
      options.stop_after = flags->stop_after;
      options.quiet = flags->quiet;
      options.command = chosen.command_line;
      rl::outlive_failed_writes();
      run(recipe, options);
    };
  });
}

}  // namespace

void add_train(CLI::App& app, Chosen& chosen) {
  add_run<rl::TrainRecipe>(app, chosen, "train", "reinforcement learning by GRPO", rl::train);
  add_run<rl::SftRecipe>(app, chosen, "sft", "supervised fine-tuning on demonstrations", rl::sft);
}

}  // namespace grpo::apps
