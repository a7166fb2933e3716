#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/stopwatch.h"
#include "monitor/record.h"

namespace grpo::monitor {

/// Hands each step's Record to every sink, with the wall-clock seconds of the phases since the last
/// one as `timing_s/<phase>`. One thread.
class Monitor {
 public:
  using Sink = std::function<void(const Record&)>;

  /// Sinks are called in the order added; what they throw comes out of `log`.
  void add(Sink sink) { sinks_.push_back(std::move(sink)); }

  /// Times a phase for as long as it lives:  { const auto span = monitor.span("gen"); … }
  /// Several spans of a name add up; a nested span counts in both.
  class Span {
   public:
    Span(Monitor& monitor, std::string_view phase) : monitor_(monitor), phase_(phase) {}
    ~Span() { monitor_.add_seconds(phase_, watch_.seconds()); }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    Monitor& monitor_;
    std::string phase_;
    Stopwatch watch_;
  };
  Span span(std::string_view phase) { return {*this, phase}; }

  void log(Record record);

 private:
  void add_seconds(const std::string& phase, double seconds);

  std::vector<Sink> sinks_;
  std::vector<std::pair<std::string, double>> seconds_;  // by phase, in the order first ended
};

}  // namespace grpo::monitor
