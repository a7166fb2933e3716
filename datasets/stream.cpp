#include "datasets/stream.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "base/random.h"

namespace grpo::datasets {

std::vector<int64_t> shuffled(int64_t size, uint64_t seed, int64_t source, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  Random random(
      seed, kShuffleSequence | static_cast<uint64_t>(source) << 40 | static_cast<uint64_t>(epoch));
  random.shuffle(std::span(order));
  return order;
}

IndexStream::IndexStream(std::vector<SourceInfo> sources, uint64_t seed)
    : sources_(std::move(sources)), seed_(seed) {
  check_input(!sources_.empty(), "datasets: no source given");
  for (const auto& source : sources_) {
    check_input(source.size > 0, "datasets: {}: is empty", source.name);
    check_input(source.weight >= 0, "datasets: {}: weight: expected 0 or more, got {}", source.name,
                source.weight);
    total_weight_ += source.weight;
  }
  check_input(total_weight_ > 0, "datasets: all weights are 0");
  taken_.assign(sources_.size(), 0);
  shuffled_epoch_.assign(sources_.size(), -1);
  order_.resize(sources_.size());
}

IndexStream::Pick IndexStream::take(size_t source) {
  const int64_t size = sources_[source].size;
  const int64_t epoch = taken_[source] / size;
  if (shuffled_epoch_[source] != epoch) {
    order_[source] = shuffled(size, seed_, static_cast<int64_t>(source), epoch);
    shuffled_epoch_[source] = epoch;
  }
  const int64_t position = taken_[source]++ % size;
  return {static_cast<int64_t>(source), order_[source][static_cast<size_t>(position)]};
}

std::vector<IndexStream::Pick> IndexStream::next(int64_t count) {
  check(count >= 0, "datasets: next({})", count);
  std::vector<Pick> picks;
  picks.reserve(static_cast<size_t>(count));
  auto drawn = std::accumulate(taken_.begin(), taken_.end(), int64_t{0});
  for (int64_t i = 0; i < count; ++i) {
    ++drawn;
    // The source furthest behind its share of the draws so far; ties go to the first.
    size_t best = 0;
    double most_behind = -1e300;
    for (size_t s = 0; s < sources_.size(); ++s) {
      if (sources_[s].weight == 0) continue;
      const double share = sources_[s].weight / total_weight_ * static_cast<double>(drawn);
      const double behind = share - static_cast<double>(taken_[s]);
      if (behind > most_behind) {
        most_behind = behind;
        best = s;
      }
    }
    picks.push_back(take(best));
  }
  return picks;
}

nlohmann::json IndexStream::cursor() const {
  auto sources = nlohmann::json::array();
  for (size_t s = 0; s < sources_.size(); ++s) {
    sources.push_back({{"name", sources_[s].name},
                       {"size", sources_[s].size},
                       {"fingerprint", sources_[s].fingerprint},
                       {"epoch", taken_[s] / sources_[s].size},
                       {"position", taken_[s] % sources_[s].size}});
  }
  return {{"seed", seed_}, {"sources", sources}};
}

void IndexStream::restore(const nlohmann::json& cursor) {
  std::vector<int64_t> taken;
  try {
    check_input(cursor.at("seed").get<uint64_t>() == seed_,
                "data cursor: seed: expected {}, got {}", seed_, cursor.at("seed").get<uint64_t>());
    const auto& sources = cursor.at("sources");
    check_input(sources.is_array() && sources.size() == sources_.size(),
                "data cursor: sources: expected {}, got {}", sources_.size(), sources.size());
    for (size_t s = 0; s < sources_.size(); ++s) {
      const std::string& name = sources_[s].name;
      const auto stored_name = sources[s].at("name").get<std::string>();
      const auto size = sources[s].at("size").get<int64_t>();
      const auto epoch = sources[s].at("epoch").get<int64_t>();
      const auto position = sources[s].at("position").get<int64_t>();
      const auto fingerprint = sources[s].at("fingerprint").get<std::string>();
      check_input(name == stored_name, "data: source {} is {} now, and {} in the checkpoint", s,
                  name, stored_name);
      check_input(
          size == sources_[s].size,
          "data: {}: {} rows now, {} in the checkpoint; a run goes on with the rows that it "
          "began with",
          name, sources_[s].size, size);
      check_input(
          fingerprint == sources_[s].fingerprint,
          "data: {}: its rows are not those of the checkpoint (edited, or in another order); "
          "a run goes on with the rows that it began with",
          name);
      check_input(epoch >= 0 && epoch < (int64_t{1} << 31) && position >= 0 && position < size,
                  "data cursor: {}: epoch {}, position {} cannot be", name, epoch, position);
      taken.push_back(epoch * size + position);
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(fmt::format("data cursor: {}", error.what()), 2);
  }
  taken_ = std::move(taken);
}

int64_t IndexStream::epoch() const {
  int64_t least = -1;
  for (size_t s = 0; s < sources_.size(); ++s) {
    if (sources_[s].weight == 0) continue;
    const int64_t epoch = taken_[s] / sources_[s].size;
    if (least < 0 || epoch < least) least = epoch;
  }
  return least;
}

}  // namespace grpo::datasets
