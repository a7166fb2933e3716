#include "monitor/monitor.h"

namespace grpo::monitor {

void Monitor::log(Record record) {
  for (const auto& [phase, seconds] : seconds_) record.set("timing_s/" + phase, seconds);
  seconds_.clear();
  for (const auto& sink : sinks_) sink(record);
}

void Monitor::add_seconds(const std::string& phase, double seconds) {
  for (auto& [known, sum] : seconds_) {
    if (known == phase) {
      sum += seconds;
      return;
    }
  }
  seconds_.emplace_back(phase, seconds);
}

}  // namespace grpo::monitor
