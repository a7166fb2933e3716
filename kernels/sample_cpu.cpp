#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/buffer.h"
#include "kernels/isa.h"
#include "kernels/linear_logprob.h"
#include "kernels/parallel.h"
#include "kernels/sample.h"
#include "kernels/softmax_state.h"

namespace grpo::kernels::cpu::GRPO_ISA {
namespace {

struct Row {
  const float* logits;
  int64_t vocab;
  float scale;
  SoftmaxSums sums;  // of the whole row
};

/// Calls visit(id, exp(z - max)) for ids [begin, end) in order, until it returns true.
template <class Visit>
void for_each_weight(const Row& row, int64_t begin, int64_t end, const Visit& visit) {
  alignas(64) float weight[kLanes];
  for (int64_t first = begin; first < end; first += kLanes) {
    const int64_t count = std::min(kLanes, end - first);
    const v16 logits = count == kLanes ? load(row.logits + first)
                                       : load_partial(row.logits + first, count, -kInfinity);
    store(weight, exp(logits * broadcast(row.scale) - broadcast(row.sums.max)));
    for (int64_t i = 0; i < count; ++i) {
      if (visit(first + i, weight[i])) return;
    }
  }
}

int64_t greedy(const Row& row) {
  int64_t id = 0;
  while (row.logits[id] * row.scale != row.sums.max) ++id;
  return id;
}

/// Inverse CDF without filters: whole chunks first, then the ids of one chunk.
int64_t draw(const Row& row, const SoftmaxSums* chunks, float uniform) {
  const auto mass = [&](int64_t c) {
    return double{chunks[c].sum} * double{exp1(chunks[c].max - row.sums.max)};
  };
  const int64_t num_chunks = (row.vocab + kVocabChunk - 1) / kVocabChunk;
  double total = 0;
  for (int64_t c = 0; c < num_chunks; ++c) total += mass(c);
  const double wanted = uniform * total;  // < total
  double before = 0;
  int64_t chunk = 0;
  while (before + mass(chunk) <= wanted) before += mass(chunk++);

  int64_t token = 0;
  const int64_t begin = chunk * kVocabChunk;
  for_each_weight(row, begin, std::min(begin + kVocabChunk, row.vocab),
                  [&](int64_t id, float weight) {
                    // Rounding may leave the sum of the chunk's weights short: then the last stays.
                    if (weight > 0) token = id;
                    before += weight;
                    return before > wanted;
                  });
  return token;
}

// Filters. Tokens are ranked by scaled logit, ties by smaller id; each filter keeps the first of
// the ranking. Weights are whole numbers, exp(z - max) in units of 2^-40: their sums are exact and
// do not depend on the order, and what a draw of 24 bits cannot reach has weight zero.

struct Candidate {
  float logit;  // scaled
  int32_t id;
  int64_t weight;
};

struct RanksBefore {
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }
};

int64_t whole_weight(float weight) { return static_cast<int64_t>(weight * 0x1p40f); }

/// Ranking without sorting: a histogram over max - z, then a selection within one bin.
class Ranking {
 public:
  explicit Ranking(const Row& row) : row_(row), bins_(kBins), bin_of_(row.vocab) {
    std::fill(bins_.data(), bins_.data() + kBins, Bin{});
    for_each_weight(row, 0, row.vocab, [&](int64_t id, float weight) {
      const int64_t whole = whole_weight(weight);
      bin_of_[id] = kNone;
      if (whole == 0) return false;
      const float distance = (row.sums.max - row.logits[id] * row.scale) * kBinsPerNat;
      const auto bin = static_cast<int16_t>(std::min(distance, float{kBins - 1}));
      bin_of_[id] = bin;
      bins_[bin].count += 1;
      bins_[bin].weight += whole;
      return false;
    });
  }

  struct Cut {
    Candidate last;  ///< the last that is kept
    int64_t weight;  ///< of all that are kept
  };

  /// The shortest beginning of the ranking whose count is at least `needed`, or all.
  Cut cut_by_count(int64_t needed) {
    return cut(
        needed, [](const Bin& bin) { return bin.count; },
        [](const Candidate&) { return int64_t{1}; });
  }
  /// The same for the sum of weights.
  Cut cut_by_weight(int64_t needed) {
    return cut(
        needed, [](const Bin& bin) { return bin.weight; },
        [](const Candidate& c) { return c.weight; });
  }

 private:
  static constexpr int kBins = 2048;
  static constexpr float kBinsPerNat = 64;
  static constexpr int16_t kNone = -1;

  struct Bin {
    int64_t count = 0, weight = 0;
  };

  template <class BinMeasure, class Measure>
  Cut cut(int64_t needed, const BinMeasure& bin_measure, const Measure& measure) {
    int bin = 0, last_used = 0;
    Cut result{};
    int64_t before = 0;  // weight of the bins before `bin`
    for (; bin < kBins; ++bin) {
      if (bins_[bin].count == 0) continue;
      last_used = bin;
      if (bin_measure(bins_[bin]) >= needed) break;
      needed -= bin_measure(bins_[bin]);
      before += bins_[bin].weight;
    }
    if (bin == kBins) {  // all are kept: the last of the last bin
      needed = bin_measure(bins_[last_used]);
      before -= bins_[last_used].weight;
      bin = last_used;
    }

    Buffer<Candidate> members(bins_[bin].count);
    int64_t count = 0;
    for (int64_t id = 0; id < row_.vocab; ++id) {
      if (bin_of_[id] != bin) continue;
      const float logit = row_.logits[id] * row_.scale;
      members[count++] = {logit, static_cast<int32_t>(id), 0};
    }
    for (int64_t i = 0; i < count; ++i) {
      for_each_weight(row_, members[i].id, members[i].id + 1, [&](int64_t, float weight) {
        members[i].weight = whole_weight(weight);
        return true;
      });
    }
    // Halve the range that holds the cut; what lies left of it is kept for certain.
    int64_t low = 0, high = count;
    while (high - low > 1) {
      const int64_t middle = low + (high - low) / 2;
      std::nth_element(members.data() + low, members.data() + middle, members.data() + high,
                       RanksBefore{});
      int64_t left = 0, left_weight = 0;
      for (int64_t i = low; i < middle; ++i) {
        left += measure(members[i]);
        left_weight += members[i].weight;
      }
      if (left >= needed) {
        high = middle;
      } else {
        needed -= left;
        before += left_weight;
        low = middle;
      }
    }
    result.last = members[low];
    result.weight = before + members[low].weight;
    return result;
  }

  const Row& row_;
  Buffer<Bin> bins_;
  Buffer<int16_t> bin_of_;
};

int64_t draw_filtered(const Row& row, const SampleRow& request) {
  Candidate last{-kInfinity, std::numeric_limits<int32_t>::max(), 0};
  const bool by_count = request.top_k > 0 && request.top_k < row.vocab;
  if (by_count || request.top_p < 1.0f) {
    Ranking ranking(row);
    const Ranking::Cut top_k = ranking.cut_by_count(by_count ? int64_t{request.top_k} : row.vocab);
    last = top_k.last;
    if (request.top_p < 1.0f) {
      const double share = std::ceil(double{request.top_p} * static_cast<double>(top_k.weight));
      last = ranking.cut_by_weight(std::max(int64_t{1}, static_cast<int64_t>(share))).last;
    }
  }
  const float least = std::min(request.min_p, 1.0f);  // of the most likely token's weight, 1
  const auto kept = [&](int64_t id, float weight) {
    const Candidate candidate{row.logits[id] * row.scale, static_cast<int32_t>(id), 0};
    return weight >= least && !RanksBefore{}(last, candidate);
  };
  int64_t total = 0;
  for_each_weight(row, 0, row.vocab, [&](int64_t id, float weight) {
    if (kept(id, weight)) total += whole_weight(weight);
    return false;
  });
  const auto wanted = static_cast<int64_t>(double{request.uniform} * static_cast<double>(total));
  int64_t token = 0, sum = 0;
  for_each_weight(row, 0, row.vocab, [&](int64_t id, float weight) {
    if (!kept(id, weight)) return false;
    sum += whole_weight(weight);
    token = id;
    return sum > wanted;
  });
  return token;
}

}  // namespace

int64_t sample(const float* logits, const SampleRow* rows, int32_t* tokens, float* logprobs,
               float* entropy, int64_t num_rows, int64_t vocab, int64_t vocab_stride) {
  parallel_for(num_rows, 1, [&](int64_t begin, int64_t end) {
    Buffer<SoftmaxSums> chunks((vocab + kVocabChunk - 1) / kVocabChunk);
    for (int64_t r = begin; r < end; ++r) {
      const SampleRow& request = rows[r];
      Row row{logits + r * vocab_stride, vocab, request.scale, {}};
      for (int64_t first = 0; first < vocab; first += kVocabChunk) {
        const int64_t count = std::min(kVocabChunk, vocab - first);
        const SoftmaxSums chunk = chunk_sums(row.logits + first, count, row.scale);
        chunks[first / kVocabChunk] = chunk;
        join(row.sums, chunk);
      }
      if (row.sums.max == -kInfinity || std::isnan(row.sums.sum)) {
        tokens[r] = -1;
        logprobs[r] = std::numeric_limits<float>::quiet_NaN();
        if (entropy != nullptr) entropy[r] = logprobs[r];
        continue;
      }
      const bool filtered = request.top_k > 0 || request.top_p < 1.0f || request.min_p > 0.0f;
      const int64_t token = request.greedy ? greedy(row)
                            : filtered     ? draw_filtered(row, request)
                                           : draw(row, chunks.data(), request.uniform);
      tokens[r] = static_cast<int32_t>(token);
      logprobs[r] = log_probability(row.sums, row.logits[token] * row.scale);
      if (entropy != nullptr) entropy[r] = entropy_of(row.sums);
    }
  });
  for (int64_t r = 0; r < num_rows; ++r) {
    if (tokens[r] < 0) return r;
  }
  return -1;
}

}  // namespace grpo::kernels::cpu::GRPO_ISA
