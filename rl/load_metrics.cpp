#include "rl/load_metrics.h"

#include <algorithm>

namespace grpo::rl {

void add_load_metrics(const std::vector<std::vector<int64_t>>& load, monitor::Record& record) {
  if (load.empty()) return;
  double worst = 0;
  int64_t idle = 0;
  for (const auto& layer : load) {
    int64_t sum = 0, most = 0;
    for (const int64_t n : layer) {
      sum += n;
      most = std::max(most, n);
      idle += n == 0 ? 1 : 0;
    }
    if (sum == 0) continue;
    worst = std::max(worst, static_cast<double>(most) * static_cast<double>(layer.size()) /
                                    static_cast<double>(sum) -
                                1);
  }
  record.set("moe/max_vio", worst);
  record.set("moe/idle_experts", static_cast<double>(idle));
}

}  // namespace grpo::rl
