#pragma once

#include <string>

#include "base/config_table.h"
#include "rl/recipe.h"

namespace grpo::apps {

/// docs/recipes.md, made from the structs that recipes are read into.
inline std::string recipe_docs() {
  return "# Recipes\n\n"
         "Every key that a recipe may have. Made by `grpo docs recipes` from the structs in "
         "`rl/recipe.h`; a test\n"
         "compares this file with them. Keys that are left out keep their default; unknown keys "
         "are errors. Any\n"
         "key can be set on the command line: `--set loss.clip.high=0.28`, items of a list by "
         "number from 0:\n"
         "`data.0.path=…`; `data.N.path` below stands for all of them.\n"
         "\nIn texts `${output_dir}` is the run's folder and `${env:NAME}` a variable of the "
         "environment, which must be\n"
         "set; `$${` stands for a plain `${`.\n"
         "\n## grpo train\n\n" +
         markdown_table<rl::TrainRecipe>() + "\n## grpo sft\n\n" + markdown_table<rl::SftRecipe>() +
         "\n## grpo eval\n\n" + markdown_table<rl::EvalRecipe>();
}

}  // namespace grpo::apps
