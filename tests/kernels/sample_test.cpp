#include "kernels/sample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

struct Sampled {
  std::vector<int32_t> tokens;
  std::vector<float> logprobs, entropy;
  int64_t bad = -1;
};

/// All rows draw from the same logits.
Sampled sample_rows(const std::vector<float>& logits, const std::vector<SampleRow>& rows) {
  const auto vocab = static_cast<int64_t>(logits.size());
  const size_t n = rows.size();
  std::vector<float> repeated;
  for (size_t r = 0; r < n; ++r) repeated.insert(repeated.end(), logits.begin(), logits.end());
  Sampled s{std::vector<int32_t>(n), std::vector<float>(n), std::vector<float>(n)};
  s.bad = cpu::sample(repeated.data(), rows.data(), s.tokens.data(), s.logprobs.data(),
                      s.entropy.data(), static_cast<int64_t>(n), vocab, vocab);
  return s;
}

std::vector<SampleRow> with_uniforms(SampleRow request, int count) {
  std::vector<SampleRow> rows;
  for (int i = 0; i < count; ++i) {
    request.uniform = (static_cast<float>(i) + 0.5f) / static_cast<float>(count);
    rows.push_back(request);
  }
  return rows;
}

/// Brute force: sort, cut, renormalise; probabilities by id, zero for what the filters drop.
std::vector<double> distribution(const std::vector<float>& logits, const SampleRow& request) {
  const auto scaled = [&](int32_t id) { return logits[id] * request.scale; };
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(),
                   [&](int32_t a, int32_t b) { return scaled(a) > scaled(b); });
  const double top = scaled(ids[0]);
  const auto weight = [&](int32_t id) { return std::exp(scaled(id) - top); };
  if (request.top_k > 0 && ids.size() > static_cast<size_t>(request.top_k)) {
    ids.resize(static_cast<size_t>(request.top_k));
  }
  double total = 0;
  for (const int32_t id : ids) total += weight(id);
  if (request.top_p < 1.0f) {
    double sum = 0;
    size_t keep = 0;
    while (keep < ids.size() && (keep == 0 || sum < request.top_p * total)) {
      sum += weight(ids[keep++]);
    }
    ids.resize(keep);
  }
  std::erase_if(ids, [&](int32_t id) { return weight(id) < request.min_p; });
  total = 0;
  for (const int32_t id : ids) total += weight(id);
  std::vector<double> probability(logits.size());
  for (const int32_t id : ids) probability[id] = weight(id) / total;
  return probability;
}

/// The token must be the inverse CDF at u of `probability`; an edge of the CDF may round.
void expect_inverse_cdf(const std::vector<double>& probability, float uniform, int32_t token) {
  ASSERT_GE(token, 0);
  double before = 0;
  for (int32_t id = 0; id < token; ++id) before += probability[id];
  EXPECT_GT(probability[token], 0.0) << token << " is filtered out";
  EXPECT_LE(before, uniform + 2e-6);
  EXPECT_GE(before + probability[token], uniform - 2e-6);
}

TEST(Sample, IsTheInverseCdfInOrderOfIds) {
  for (const int64_t vocab : {1, 5, 16, 2048, 2049, 6500}) {
    const auto logits = random_floats(vocab, 1, 6.0f);
    for (const float scale : {1.0f, 2.5f, 0.3f}) {
      const SampleRow request{.scale = scale};
      const auto probability = distribution(logits, request);
      const auto rows = with_uniforms(request, 97);
      const auto got = sample_rows(logits, rows);
      EXPECT_EQ(got.bad, -1);
      for (size_t r = 0; r < rows.size(); ++r) {
        expect_inverse_cdf(probability, rows[r].uniform, got.tokens[r]);
      }
    }
  }
}

TEST(Sample, FiltersAgreeWithSortingEverything) {
  auto peaked = random_floats(3000, 2, 12.0f);
  auto ties = random_floats(3000, 3, 4.0f);
  for (float& l : ties) l = std::round(2.0f * l) / 2.0f;
  ties[17] = ties[1000] = -INFINITY;
  const auto flat = std::vector<float>(3000, 1.25f);
  const auto small = random_floats(7, 4, 2.0f);
  std::vector<SampleRow> requests;
  for (const int32_t top_k : {0, 1, 2, 5, 40, 1000, 5000}) {
    for (const float top_p : {1.0f, 0.95f, 0.5f, 0.01f, 0.0f}) {
      for (const float min_p : {0.0f, 0.02f, 0.5f, 1.0f}) {
        requests.push_back({.scale = 0.8f, .top_k = top_k, .top_p = top_p, .min_p = min_p});
      }
    }
  }
  for (const auto& logits : {peaked, ties, flat, small}) {
    for (const SampleRow& request : requests) {
      SCOPED_TRACE(testing::Message() << logits.size() << " k " << request.top_k << " p "
                                      << request.top_p << " min " << request.min_p);
      const auto probability = distribution(logits, request);
      const auto rows = with_uniforms(request, 11);
      const auto got = sample_rows(logits, rows);
      for (size_t r = 0; r < rows.size(); ++r) {
        expect_inverse_cdf(probability, rows[r].uniform, got.tokens[r]);
      }
    }
  }
}

TEST(Sample, EqualLogitsAreKeptInOrderOfIds) {
  std::vector<float> logits(5000, 0.0f);
  logits[4000] = 1.0f;
  auto rows = with_uniforms({.top_k = 4}, 50);
  for (const int32_t token : sample_rows(logits, rows).tokens) {
    EXPECT_TRUE(token == 4000 || token < 3) << token;
  }
}

TEST(Sample, FrequenciesFollowTheDistribution) {
  // 23 degrees of freedom: chi-square is above 49.73 once in a thousand; the seed is fixed.
  constexpr int kBins = 24, kDraws = 6000;
  const auto logits = random_floats(2400, 5, 3.0f);
  for (const SampleRow& request :
       {SampleRow{}, SampleRow{.scale = 1.4f, .top_k = 1500, .top_p = 0.97f, .min_p = 1e-3f}}) {
    const auto probability = distribution(logits, request);
    std::vector<SampleRow> rows(kDraws, request);
    std::mt19937 engine(6);
    for (SampleRow& row : rows) {
      row.uniform = (static_cast<float>(engine() >> 9) + 0.5f) * 0x1p-23f;
    }
    std::vector<double> expected(kBins), counted(kBins);
    for (size_t id = 0; id < probability.size(); ++id) {
      expected[id % kBins] += kDraws * probability[id];
    }
    for (size_t first = 0; first < rows.size(); first += 500) {
      const std::vector<SampleRow> some(rows.begin() + first, rows.begin() + first + 500);
      for (const int32_t token : sample_rows(logits, some).tokens) counted[token % kBins] += 1;
    }
    double chi_square = 0;
    for (int b = 0; b < kBins; ++b) {
      chi_square += (counted[b] - expected[b]) * (counted[b] - expected[b]) / expected[b];
    }
    EXPECT_LT(chi_square, 49.73);
  }
}

TEST(Sample, LogProbabilityIsThatOfTheUnfilteredSoftmax) {
  const auto logits = random_floats(4500, 7, 5.0f);
  const SampleRow request{.scale = 1.7f, .top_k = 3, .top_p = 0.8f};
  const auto probability = distribution(logits, {.scale = 1.7f});
  double entropy = 0;
  for (const double p : probability) entropy -= p > 0 ? p * std::log(p) : 0.0;
  const auto got = sample_rows(logits, with_uniforms(request, 5));
  for (size_t r = 0; r < 5; ++r) {
    EXPECT_NEAR(got.logprobs[r], std::log(probability[got.tokens[r]]), 2e-6);
    EXPECT_NEAR(got.entropy[r], entropy, 5e-6);
  }
}

TEST(Sample, GreedyTakesTheSmallestOfTheLargest) {
  auto logits = random_floats(4200, 8);
  logits[2100] = logits[4100] = 3.0f;
  const auto got = sample_rows(logits, {{.scale = 0.5f, .greedy = true, .top_k = 1}});
  EXPECT_EQ(got.tokens[0], 2100);
  EXPECT_NEAR(got.logprobs[0], std::log(distribution(logits, {.scale = 0.5f})[2100]), 2e-6);
}

TEST(Sample, GivesTheSameBitsOnEveryInstructionSetAndInEveryBatch) {
  const auto logits = random_floats(2100, 9, 8.0f);
  std::vector<SampleRow> rows = with_uniforms({.scale = 1.1f}, 6);
  for (size_t r = 0; r < rows.size(); ++r) {
    if (r % 2 == 1) rows[r].top_p = 0.9f;
    rows[r].greedy = r == 4;
  }
  const auto all = same_everywhere([&] {
    const auto got = sample_rows(logits, rows);
    std::vector<float> joint(got.tokens.begin(), got.tokens.end());
    joint.insert(joint.end(), got.logprobs.begin(), got.logprobs.end());
    joint.insert(joint.end(), got.entropy.begin(), got.entropy.end());
    return joint;
  });
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto alone = sample_rows(logits, {rows[r]});
    EXPECT_EQ(static_cast<float>(alone.tokens[0]), all[r]);
    EXPECT_EQ(alone.logprobs[0], all[6 + r]);
    EXPECT_EQ(alone.entropy[0], all[12 + r]);
  }
}

TEST(Sample, NamesTheFirstRowThatIsNotADistribution) {
  constexpr int64_t kVocab = 2500;
  const auto good = random_floats(kVocab, 10);
  const auto spoil = [&](auto change) {
    std::vector<float> logits = good;
    logits.insert(logits.end(), good.begin(), good.end());
    change(logits.data() + kVocab);
    const SampleRow rows[2] = {{}, {.top_k = 5}};
    int32_t tokens[2];
    float logprobs[2];
    return cpu::sample(logits.data(), rows, tokens, logprobs, nullptr, 2, kVocab, kVocab);
  };
  EXPECT_EQ(spoil([](float*) {}), -1);
  for (const int64_t at : {0, 3, 2047, 2048, 2499}) {
    EXPECT_EQ(spoil([&](float* row) { row[at] = NAN; }), 1) << at;
    EXPECT_EQ(spoil([&](float* row) { row[at] = INFINITY; }), 1) << at;
    EXPECT_EQ(spoil([&](float* row) { row[at] = -INFINITY; }), -1) << at;
  }
  EXPECT_EQ(spoil([&](float* row) { std::fill(row, row + kVocab, -INFINITY); }), 1);
  EXPECT_EQ(spoil([&](float* row) {
              std::fill(row, row + kVocab, -INFINITY);
              row[2400] = NAN;
            }),
            1);
}

TEST(Sample, OnlyFiniteLogitsAreDrawn) {
  std::vector<float> logits(2200, -INFINITY);
  logits[5] = -50.0f;
  logits[2100] = -50.0f;
  for (const SampleRow& request : {SampleRow{}, SampleRow{.top_k = 100, .top_p = 0.99f}}) {
    const auto got = sample_rows(logits, with_uniforms(request, 10));
    for (size_t r = 0; r < 10; ++r) {
      EXPECT_EQ(got.tokens[r], r < 5 ? 5 : 2100);
      EXPECT_NEAR(got.logprobs[r], std::log(0.5), 1e-7);
      EXPECT_NEAR(got.entropy[r], std::log(2.0), 1e-7);
    }
  }
}

TEST(Sample, IdsBehindTheVocabularyDoNotCount) {
  const std::vector<float> logits = {0.0f, 0.0f, 100.0f, 0.0f, 0.0f, 100.0f};
  const SampleRow rows[2] = {{.uniform = 0.25f}, {.uniform = 0.75f}};
  int32_t tokens[2];
  float logprobs[2];
  EXPECT_EQ(cpu::sample(logits.data(), rows, tokens, logprobs, nullptr, 2, 2, 3), -1);
  EXPECT_EQ(tokens[0], 0);
  EXPECT_EQ(tokens[1], 1);
  EXPECT_FLOAT_EQ(logprobs[0], std::log(0.5f));
}

}  // namespace
}  // namespace grpo::kernels
