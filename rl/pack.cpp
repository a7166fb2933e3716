#include "rl/pack.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace grpo::rl {
namespace {

using Plan = std::vector<std::vector<int64_t>>;

std::vector<int64_t> longest_first(std::span<const int64_t> lengths) {
  std::vector<int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return lengths[a] > lengths[b]; });
  return order;
}

/// Each sequence into the fullest batch that still has room for it.
Plan best_fit(std::span<const int64_t> lengths, std::span<const int64_t> order,
              int64_t max_tokens) {
  Plan plan;
  std::set<std::pair<int64_t, std::size_t>> room;  // (free tokens, batch)
  for (const int64_t i : order) {
    auto place = room.lower_bound({lengths[i], 0});
    int64_t free = max_tokens;
    std::size_t batch = plan.size();
    if (place != room.end()) {
      std::tie(free, batch) = *place;
      room.erase(place);
    } else {
      plan.emplace_back();
    }
    plan[batch].push_back(i);
    room.insert({free - lengths[i], batch});
  }
  return plan;
}

/// Each sequence onto the batch with the fewest tokens so far.
Plan even_loads(std::span<const int64_t> lengths, std::span<const int64_t> order,
                std::size_t num_batches) {
  Plan plan(num_batches);
  std::set<std::pair<int64_t, std::size_t>> loads;  // (tokens, batch)
  for (std::size_t b = 0; b < num_batches; ++b) loads.insert({0, b});
  for (const int64_t i : order) {
    const auto [tokens, batch] = *loads.begin();
    loads.erase(loads.begin());
    plan[batch].push_back(i);
    loads.insert({tokens + lengths[i], batch});
  }
  return plan;
}

bool fits(const Plan& plan, std::span<const int64_t> lengths, int64_t max_tokens) {
  return std::all_of(plan.begin(), plan.end(), [&](const std::vector<int64_t>& batch) {
    int64_t tokens = 0;
    for (const int64_t i : batch) tokens += lengths[i];
    return batch.size() <= 1 || tokens <= max_tokens;
  });
}

int64_t num_trained(const Sequence& s) {
  return std::ssize(s.trained) - std::count(s.trained.begin(), s.trained.end(), uint8_t{0});
}

void check_sequence(const Sequence& s, int64_t index, bool has_rollout, bool has_old) {
  const std::size_t n = s.tokens.size();
  check(n > 0, "pack: sequence {} is empty", index);
  check(s.trained.size() == n, "pack: sequence {}: trained: expected {} values, got {}", index, n,
        s.trained.size());
  check(s.trained[0] == 0, "pack: sequence {}: its first token has no context to be trained in",
        index);
  check(s.rollout_logprob.size() == (has_rollout ? n : 0),
        "pack: sequence {}: rollout_logprob: expected {} values, got {}", index,
        has_rollout ? n : 0, s.rollout_logprob.size());
  check(s.old_logprob.size() == (has_old ? n : 0),
        "pack: sequence {}: old_logprob: expected {} values, got {}", index, has_old ? n : 0,
        s.old_logprob.size());
}

}  // namespace

Sequence make_sequence(std::span<const int32_t> prompt, const rollout::Completion& completion,
                       double advantage) {
  check(!prompt.empty(), "pack: a prompt has no tokens");
  check(!completion.tokens.empty(), "pack: an answer has no tokens");
  check(completion.logprobs.size() == completion.tokens.size(),
        "pack: an answer of {} tokens has {} log-probabilities", completion.tokens.size(),
        completion.logprobs.size());
  Sequence s;
  s.tokens.assign(prompt.begin(), prompt.end());
  s.trained.assign(prompt.size(), 0);
  s.rollout_logprob.assign(prompt.size(), 0.0f);
  s.tokens.insert(s.tokens.end(), completion.tokens.begin(), completion.tokens.end());
  s.trained.resize(s.tokens.size(), 1);
  s.rollout_logprob.insert(s.rollout_logprob.end(), completion.logprobs.begin(),
                           completion.logprobs.end());
  s.advantage = advantage;
  s.truncated = completion.finish == rollout::Finish::kLength;
  return s;
}

std::vector<std::vector<int64_t>> plan_batches(std::span<const int64_t> lengths, int64_t max_tokens,
                                               int64_t multiple) {
  check(max_tokens > 0, "pack: max_tokens must be positive, got {}", max_tokens);
  check(multiple > 0, "pack: multiple must be positive, got {}", multiple);
  const auto order = longest_first(lengths);
  Plan plan = best_fit(lengths, order, max_tokens);
  const auto m = static_cast<std::size_t>(multiple);
  const std::size_t num_batches = (plan.size() + m - 1) / m * m;
  plan.resize(num_batches);
  Plan even = even_loads(lengths, order, num_batches);
  if (fits(even, lengths, max_tokens)) plan = std::move(even);
  for (auto& batch : plan) std::sort(batch.begin(), batch.end());
  return plan;
}

PackedBatch pack_sequences(std::span<const Sequence> sequences, std::span<const int64_t> indices) {
  PackedBatch batch;
  batch.offsets.push_back(0);
  if (indices.empty()) return batch;
  const bool has_rollout = !sequences[indices[0]].rollout_logprob.empty();
  const bool has_old = !sequences[indices[0]].old_logprob.empty();
  for (const int64_t index : indices) {
    const Sequence& s = sequences[index];
    check_sequence(s, index, has_rollout, has_old);
    const auto& old_logprob = has_old ? s.old_logprob : s.rollout_logprob;
    const std::size_t n = s.tokens.size();
    for (std::size_t t = 0; t < n; ++t) {
      const std::size_t next = t + 1;
      const bool trained = next < n && s.trained[next] != 0 && !s.filtered;
      batch.tokens.push_back(s.tokens[t]);
      batch.positions.push_back(static_cast<int32_t>(t));
      batch.targets.push_back(next < n ? s.tokens[next] : 0);
      batch.mask.push_back(trained);
      batch.advantage.push_back(trained ? static_cast<float>(s.advantage) : 0.0f);
      if (has_rollout) batch.rollout_logprob.push_back(trained ? s.rollout_logprob[next] : 0.0f);
      if (has_rollout || has_old) batch.old_logprob.push_back(trained ? old_logprob[next] : 0.0f);
    }
    batch.offsets.push_back(batch.num_tokens());
    batch.sequences.push_back(index);
  }
  return batch;
}

std::vector<PackedBatch> pack(std::span<const Sequence> sequences, int64_t max_tokens,
                              int64_t multiple) {
  std::vector<int64_t> kept, lengths;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].filtered || num_trained(sequences[i]) == 0) continue;
    kept.push_back(static_cast<int64_t>(i));
    lengths.push_back(static_cast<int64_t>(sequences[i].tokens.size()));
  }
  std::vector<PackedBatch> batches;
  for (std::vector<int64_t>& batch : plan_batches(lengths, max_tokens, multiple)) {
    for (int64_t& i : batch) i = kept[i];
    batches.push_back(pack_sequences(sequences, batch));
  }
  return batches;
}

LossScale loss_scale(std::span<const Sequence> sequences) {
  LossScale scale;
  for (const Sequence& s : sequences) {
    if (s.filtered) continue;
    scale.tokens += num_trained(s);
    ++scale.completions;
  }
  return scale;
}

}  // namespace grpo::rl
