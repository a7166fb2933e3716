#include "apps/inspect.h"

namespace grpo::apps {

void add_inspect(CLI::App& app, Chosen& chosen) {
  CLI::App* inspect = app.add_subcommand("inspect", "look into models, templates and formulas");
  inspect->require_subcommand(1);
  add_inspect_model(*inspect, chosen);
  add_inspect_tokens(*inspect, chosen);
  add_inspect_chat(*inspect, chosen);
  add_inspect_logits(*inspect, chosen);
  add_inspect_loss(*inspect, chosen);
}

}  // namespace grpo::apps
