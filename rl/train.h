#pragma once

#include "rl/recipe.h"
#include "rl/run.h"

namespace grpo::rl {

/// Reinforcement learning by group-relative policy optimisation, as the recipe says. Returns when
/// all steps are done (or --steps of them). Throws Interrupted after saving a checkpoint when asked
/// to stop, Error otherwise.
void train(const TrainRecipe& recipe, const RunOptions& options);

/// Supervised fine-tuning on demonstrations: cross-entropy on the response.
void sft(const SftRecipe& recipe, const RunOptions& options);

}  // namespace grpo::rl
