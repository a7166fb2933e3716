#include "tests/kernels/cuda_testing.h"

namespace grpo::kernels {
namespace {

class CudaRoute : public CudaTest {};
class CudaPermute : public CudaTest {};
class CudaSample : public CudaTest {};

TEST_F(CudaRoute, MatchesCpu) {
  constexpr int64_t kTokens = 333;
  std::vector<RouteShape> shapes;
  for (const bool sigmoid : {false, true}) {
    shapes.push_back({.experts = 7, .top_k = 2, .sigmoid = sigmoid, .renormalize = !sigmoid});
    shapes.push_back({.experts = 256,
                      .top_k = 8,
                      .sigmoid = sigmoid,
                      .scale = 2.5f,
                      .groups = 8,
                      .top_groups = 4,
                      .group_top2 = sigmoid});
  }
  for (const RouteShape& shape : shapes) {
    const int64_t n = kTokens * shape.experts, k = kTokens * shape.top_k;
    auto logits = random_floats(n, 1, 4.0f);
    for (int64_t e = 0; e < shape.experts; ++e) logits[e] = 1.0f;  // ties
    const auto bias = random_floats(shape.experts, 2, 0.2f), dweight = random_floats(k, 3);
    const auto dscores = random_floats(n, 4);
    std::vector<float> scores(n), weight(k), dlogits(n);
    std::vector<int32_t> expert(k);
    cpu::route_forward(logits.data(), bias.data(), shape, scores.data(), expert.data(),
                       weight.data(), kTokens);
    cpu::route_backward(dweight.data(), dscores.data(), scores.data(), expert.data(), shape,
                        dlogits.data(), kTokens);
    const OnDevice<float> logits_(logits), bias_(bias), dweight_(dweight), dscores_(dscores);
    const OnDevice<float> scores_(n), weight_(k), replayed_(k), dlogits_(n);
    const OnDevice<int32_t> expert_(k);
    const auto& api = cuda::api();
    expect_ok(
        api.route_forward(logits_, bias_, shape, scores_, expert_, weight_, kTokens, nullptr));
    EXPECT_EQ(expert_.values(), expert);
    expect_close(scores_.values(), scores, kSameArithmetic);
    expect_close(weight_.values(), weight, kSameArithmetic);
    expect_ok(api.route_replay(logits_, expert_, shape, scores_, replayed_, kTokens, nullptr));
    EXPECT_TRUE(same_bits(replayed_.values(), weight_.values()));
    expect_ok(api.route_backward(dweight_, dscores_, scores_, expert_, shape, dlogits_, kTokens,
                                 nullptr));
    expect_close(dlogits_.values(), dlogits, kSameArithmetic);
  }
}

TEST_F(CudaPermute, MatchesCpu) {
  constexpr int64_t kTokens = 211, kTopK = 3, kDim = 133, kSlots = kTokens * kTopK;
  const auto& api = cuda::api();
  for (const int64_t experts : {5, 300}) {  // more than a block has threads
    std::vector<int32_t> expert(kSlots), row_of_slot(kSlots), token_of_row(kSlots);
    for (int64_t slot = 0; slot < kSlots; ++slot) {
      expert[slot] = static_cast<int32_t>((slot * 7 + slot / 4) % (experts - 1));
    }
    std::vector<int64_t> offsets(experts + 1);
    cpu::expert_order(expert.data(), kTokens, kTopK, experts, offsets.data(), row_of_slot.data(),
                      token_of_row.data());
    const OnDevice<int32_t> expert_(expert), row_of_slot_(kSlots), token_of_row_(kSlots);
    const OnDevice<int64_t> offsets_(experts + 1);
    expect_ok(api.expert_order(expert_, kTokens, kTopK, experts, offsets_, row_of_slot_,
                               token_of_row_, nullptr));
    EXPECT_EQ(offsets_.values(), offsets);
    EXPECT_EQ(row_of_slot_.values(), row_of_slot);
    EXPECT_EQ(token_of_row_.values(), token_of_row);

    const auto x = random_floats(kTokens * kDim, 1), weight = random_floats(kSlots, 2);
    const auto dy = random_floats(kTokens * kDim, 3);
    std::vector<float> rows(kSlots * kDim), drows(rows.size()), dweight(kSlots);
    auto y = random_floats(kTokens * kDim, 4);
    const OnDevice<float> x_(x), weight_(weight), dy_(dy), y_(y);
    const OnDevice<float> rows_(kSlots * kDim), drows_(kSlots * kDim), dweight_(kSlots);
    cpu::gather_rows(x.data(), token_of_row.data(), rows.data(), kSlots, kDim);
    expect_ok(api.gather_rows(x_, token_of_row_, rows_, kSlots, kDim, nullptr));
    EXPECT_TRUE(same_bits(rows_.values(), rows));
    cpu::combine_rows(rows.data(), row_of_slot.data(), weight.data(), y.data(), kTokens, kTopK,
                      kDim, true);
    expect_ok(
        api.combine_rows(rows_, row_of_slot_, weight_, y_, kTokens, kTopK, kDim, true, nullptr));
    expect_close(y_.values(), y, kSameArithmetic);
    cpu::combine_rows_backward(dy.data(), rows.data(), row_of_slot.data(), weight.data(),
                               drows.data(), dweight.data(), kTokens, kTopK, kDim);
    expect_ok(api.combine_rows_backward(dy_, rows_, row_of_slot_, weight_, drows_, dweight_,
                                        kTokens, kTopK, kDim, nullptr));
    expect_close(drows_.values(), drows, kSameArithmetic);
    expect_close(dweight_.values(), dweight, kSameArithmetic);
  }
}

std::vector<SampleRow> sample_requests() {
  std::vector<SampleRow> requests;
  for (const float uniform : {1e-7f, 0.2f, 0.5f, 0.83f, 0.9999999f}) {
    requests.push_back({.scale = 1.3f, .uniform = uniform});
    requests.push_back({.scale = 0.4f, .greedy = true, .uniform = uniform});
    for (const int32_t top_k : {0, 1, 5, 700, 50000}) {
      for (const float top_p : {1.0f, 0.9f, 0.3f, 0.0f}) {
        for (const float min_p : {0.0f, 0.05f, 1.0f}) {
          requests.push_back(
              {.scale = 0.8f, .top_k = top_k, .top_p = top_p, .min_p = min_p, .uniform = uniform});
        }
      }
    }
  }
  return requests;
}

TEST_F(CudaSample, TakesTheTokensOfTheCpu) {
  const auto requests = sample_requests();
  const auto rows = static_cast<int64_t>(requests.size());
  for (const int64_t vocab : {1, 300, 6001}) {
    const int64_t stride = vocab + 5;
    auto logits = random_floats(rows * stride, 1, 12.0f);
    for (int64_t i = 0; i < rows * stride; i += 3) logits[i] = std::round(logits[i]);  // ties
    std::vector<int32_t> tokens(rows);
    std::vector<float> logprobs(rows), entropy(rows);
    cpu::sample(logits.data(), requests.data(), tokens.data(), logprobs.data(), entropy.data(),
                rows, vocab, stride);
    const OnDevice<float> logits_(logits), logprobs_(rows), entropy_(rows);
    const OnDevice<SampleRow> requests_(requests);
    const OnDevice<int32_t> tokens_(rows);
    const OnDevice<int64_t> first_bad(1);
    expect_ok(cuda::api().sample(logits_, requests_, tokens_, logprobs_, entropy_, rows, vocab,
                                 stride, first_bad, nullptr));
    EXPECT_EQ(first_bad.values()[0], -1);
    EXPECT_EQ(tokens_.values(), tokens);
    expect_close(logprobs_.values(), logprobs, kSameArithmetic);
    expect_close(entropy_.values(), entropy, kSameArithmetic);
  }
}

TEST_F(CudaSample, NamesTheFirstRowThatIsNotADistribution) {
  constexpr int64_t kRows = 4, kVocab = 2500;
  auto logits = random_floats(kRows * kVocab, 1);
  logits[2 * kVocab + 2400] = NAN;
  logits[3 * kVocab] = INFINITY;
  const OnDevice<float> logits_(logits), logprobs(kRows);
  const OnDevice<SampleRow> requests(std::vector<SampleRow>{{}, {}, {.top_k = 5}, {}});
  const OnDevice<int32_t> tokens(kRows);
  const OnDevice<int64_t> first_bad(1);
  expect_ok(cuda::api().sample(logits_, requests, tokens, logprobs, nullptr, kRows, kVocab, kVocab,
                               first_bad, nullptr));
  EXPECT_EQ(first_bad.values()[0], 2);
  EXPECT_GE(tokens.values()[1], 0);
  EXPECT_EQ(tokens.values()[2], -1);
  EXPECT_EQ(tokens.values()[3], -1);
}

}  // namespace
}  // namespace grpo::kernels
