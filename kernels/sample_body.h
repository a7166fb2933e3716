#pragma once

#include "kernels/sample.h"
#include "kernels/softmax_body.h"

/// The steps of kernels/sample.h for one row, with the CPU's choices bit for bit.
///
/// The CPU ranks the tokens by a histogram; here the cut is found by halving its range, 32 bits of
/// logit and then the ids of equal logits. What is summed are whole numbers, so that any split of
/// the vocabulary over threads gives the same sums: `total(f)` stands for the sum of f(id) over all
/// ids, whoever adds it up.
namespace grpo::kernels::cuda {

struct SampledRow {
  const float* logits;
  int64_t vocab;
  float scale;
  SoftmaxSums sums;  ///< of the whole row
};

GRPO_DEVICE float scaled_logit(const SampledRow& row, int64_t id) {
  return row.logits[id] * row.scale;
}
GRPO_DEVICE float softmax_weight(const SampledRow& row, int64_t id) {
  return exp1(scaled_logit(row, id) - row.sums.max);
}
/// exp(z - max) in units of 2^-40.
GRPO_DEVICE int64_t whole_weight(float weight) { return static_cast<int64_t>(weight * 0x1p40f); }
GRPO_DEVICE bool is_distribution(const SoftmaxSums& s) {
  return s.max != -INFINITY && s.sum == s.sum;
}

/// Inverse CDF without filters, by a team: whole chunks first, then the ids of one chunk.
GRPO_DEVICE int64_t draw_token(const SampledRow& row, const SoftmaxSums* chunks, float uniform) {
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
  const int64_t end = row.vocab - begin < kVocabChunk ? row.vocab : begin + kVocabChunk;
  for (int64_t first = begin; first < end; first += kLanes) {
    const v16 logits = load_lanes(row.logits + first, lanes_left(end, first), -INFINITY);
    const v16 weights = exp(logits * broadcast(row.scale) - broadcast(row.sums.max));
    for (int i = 0; i < kLanes && first + i < end; ++i) {
      const float weight = lane_value(weights, i);
      // Rounding may leave the sum of the chunk's weights short: then the last stays.
      if (weight > 0) token = first + i;
      before += weight;
      if (before > wanted) return token;
    }
  }
  return token;
}

/// The last token of the ranking that is kept: logits above, and the ids of equal ones up to `id`.
struct RankCut {
  float logit = -INFINITY;
  int64_t id = INT64_MAX;
};

GRPO_DEVICE bool within(const RankCut& cut, float logit, int64_t id) {
  return logit > cut.logit || (logit == cut.logit && id <= cut.id);
}

/// Float order as integer order; -0 counts as +0.
GRPO_DEVICE uint32_t float_key(float x) {
  const uint32_t bits = float_to_bits(x + 0.0f);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}
GRPO_DEVICE float float_of_key(uint32_t key) {
  return bits_to_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

/// The smallest id < vocab at which the running sum of f reaches `needed`.
template <class Total, class F>
GRPO_DEVICE int64_t first_id_reaching(int64_t vocab, int64_t needed, const Total& total, F f) {
  int64_t low = 0, high = vocab - 1;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    const int64_t sum = total([&](int64_t id) { return id <= middle ? f(id) : int64_t{0}; });
    if (sum >= needed) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// The shortest beginning of the ranking whose `measure` (of a whole weight) adds up to `needed`;
/// everything when it does not.
template <class Total, class Measure>
GRPO_DEVICE RankCut cut_ranking(const SampledRow& row, int64_t needed, const Total& total,
                                Measure measure) {
  const auto measured = [&](int64_t id) { return measure(whole_weight(softmax_weight(row, id))); };
  if (total(measured) < needed) return {};
  uint32_t key = 0;  // the largest key with measure(keys >= key) >= needed, from the highest bit
  for (int bit = 31; bit >= 0; --bit) {
    const uint32_t higher = key | 1u << bit;
    const int64_t sum = total([&](int64_t id) {
      return float_key(scaled_logit(row, id)) >= higher ? measured(id) : int64_t{0};
    });
    if (sum >= needed) key = higher;
  }
  const int64_t above = total([&](int64_t id) {
    return float_key(scaled_logit(row, id)) > key ? measured(id) : int64_t{0};
  });
  const int64_t id = first_id_reaching(row.vocab, needed - above, total, [&](int64_t i) {
    return float_key(scaled_logit(row, i)) == key ? measured(i) : int64_t{0};
  });
  return {float_of_key(key), id};
}

/// Top-k, top-p, min-p, then the inverse CDF of what is left.
template <class Total>
GRPO_DEVICE int64_t draw_filtered(const SampledRow& row, const SampleRow& request,
                                  const Total& total) {
  const auto weight_of = [&](int64_t id) { return whole_weight(softmax_weight(row, id)); };
  RankCut cut;
  if (request.top_k > 0 && request.top_k < row.vocab) {
    cut = cut_ranking(row, request.top_k, total,
                      [](int64_t whole) { return int64_t{whole > 0 ? 1 : 0}; });
  }
  if (request.top_p < 1.0f) {
    const int64_t left = total([&](int64_t id) {
      return within(cut, scaled_logit(row, id), id) ? weight_of(id) : int64_t{0};
    });
    const double share = ceil(double{request.top_p} * static_cast<double>(left));
    const int64_t needed = share < 1.0 ? 1 : static_cast<int64_t>(share);
    cut = cut_ranking(row, needed, total, [](int64_t whole) { return whole; });
  }
  const float least = smaller(request.min_p, 1.0f);  // of the most likely token's weight, 1
  const auto kept = [&](int64_t id) {
    const float weight = softmax_weight(row, id);
    return weight >= least && within(cut, scaled_logit(row, id), id) ? whole_weight(weight)
                                                                     : int64_t{0};
  };
  const auto wanted =
      static_cast<int64_t>(double{request.uniform} * static_cast<double>(total(kept)));
  return first_id_reaching(row.vocab, wanted + 1, total, kept);
}

/// The smallest id with the largest logit.
template <class Total>
GRPO_DEVICE int64_t greedy_token(const SampledRow& row, const Total& total) {
  return first_id_reaching(row.vocab, 1, total, [&](int64_t id) {
    return int64_t{scaled_logit(row, id) == row.sums.max ? 1 : 0};
  });
}

}  // namespace grpo::kernels::cuda
