#include <memory>

#include "apps/inspect.h"
#include "apps/jsonl_io.h"
#include "rl/loss_json.h"

namespace grpo::apps {

void add_inspect_loss(CLI::App& inspect, Chosen& chosen) {
  CLI::App* command = inspect.add_subcommand("loss", "advantages, loss and gradient of given rows");
  auto input = std::make_shared<InputFlag>();
  input->add_to(*command);
  command->callback([&chosen, input] {
    chosen.work = [input] {
      OrderedJsonLines rows(input->path);
      while (const auto row = rows.next()) {
        row_id(OrderedJsonObject(*row, rows.where()));
        print_row(rl::inspect_loss(*row, rows.where()));
      }
    };
  });
}

}  // namespace grpo::apps
