#pragma once

#include <CLI/CLI.hpp>

#include "apps/commands.h"

/// The parts of `grpo inspect`, one per file.
namespace grpo::apps {

void add_inspect_model(CLI::App& inspect, Chosen& chosen);
void add_inspect_tokens(CLI::App& inspect, Chosen& chosen);
void add_inspect_chat(CLI::App& inspect, Chosen& chosen);
void add_inspect_logits(CLI::App& inspect, Chosen& chosen);
void add_inspect_loss(CLI::App& inspect, Chosen& chosen);

}  // namespace grpo::apps
