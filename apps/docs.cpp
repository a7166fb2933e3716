#include <fmt/format.h>

#include "apps/commands.h"
#include "apps/recipe_docs.h"

namespace grpo::apps {

void add_docs(CLI::App& app, Chosen& chosen) {
  CLI::App* docs = app.add_subcommand("docs", "documents made from the program itself");
  docs->require_subcommand(1);
  docs->add_subcommand("recipes", "every key of a recipe: docs/recipes.md")->callback([&chosen] {
    chosen.work = [] { fmt::print("{}", recipe_docs()); };
  });
}

}  // namespace grpo::apps
