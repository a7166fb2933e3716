// The bodies of the CUDA kernels as host code (kernels/lanes.h): routing and sampling.

#include "kernels/route_body.h"
#include "kernels/sample_body.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

std::vector<RouteShape> route_shapes() {
  std::vector<RouteShape> shapes;
  for (const bool sigmoid : {false, true}) {
    for (const bool renormalize : {false, true}) {
      shapes.push_back({.experts = 7, .top_k = 2, .sigmoid = sigmoid, .renormalize = renormalize});
      shapes.push_back({.experts = 40,
                        .top_k = 6,
                        .sigmoid = sigmoid,
                        .renormalize = renormalize,
                        .scale = 2.5f,
                        .groups = 8,
                        .top_groups = 3,
                        .group_top2 = renormalize});
    }
  }
  return shapes;
}

TEST(RouteBody, HasTheBitsOfTheCpuKernels) {
  constexpr int64_t kTokens = 9;
  for (const RouteShape& shape : route_shapes()) {
    const int64_t n = shape.experts, k = shape.top_k;
    auto logits = random_floats(kTokens * n, 1, 4.0f);
    for (int64_t e = 0; e < n; ++e) logits[e] = 1.0f;  // ties
    const auto bias = random_floats(n, 2, 0.2f);
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      std::vector<float> want_scores(kTokens * n), want_weight(kTokens * k);
      std::vector<int32_t> want_expert(kTokens * k), got_expert(kTokens * k);
      auto got_scores = want_scores, got_weight = want_weight;
      cpu::route_forward(logits.data(), b, shape, want_scores.data(), want_expert.data(),
                         want_weight.data(), kTokens);
      std::vector<float> scratch(cuda::route_scratch(shape));
      for (int64_t t = 0; t < kTokens; ++t) {
        cuda::route_token(logits.data() + t * n, b, shape, got_scores.data() + t * n,
                          got_expert.data() + t * k, got_weight.data() + t * k, scratch.data());
      }
      EXPECT_EQ(got_expert, want_expert);
      EXPECT_TRUE(same_bits(got_scores, want_scores));
      EXPECT_TRUE(same_bits(got_weight, want_weight));

      const auto dweight = random_floats(kTokens * k, 3), dscores = random_floats(kTokens * n, 4);
      for (const float* ds : {static_cast<const float*>(nullptr), dscores.data()}) {
        std::vector<float> want(kTokens * n), got(want.size());
        cpu::route_backward(dweight.data(), ds, want_scores.data(), want_expert.data(), shape,
                            want.data(), kTokens);
        for (int64_t t = 0; t < kTokens; ++t) {
          cuda::route_grad_token(dweight.data() + t * k, ds != nullptr ? ds + t * n : nullptr,
                                 want_scores.data() + t * n, want_expert.data() + t * k, shape,
                                 got.data() + t * n);
        }
        EXPECT_TRUE(same_bits(got, want));
      }
    }
  }
}

/// sample.cu's block, one thread after the other.
int64_t sample_row(const std::vector<float>& logits, const SampleRow& request, float* logprob,
                   float* entropy) {
  const auto vocab = static_cast<int64_t>(logits.size());
  cuda::SampledRow row{logits.data(), vocab, request.scale, {}};
  std::vector<cuda::SoftmaxSums> chunks;
  for (int64_t begin = 0; begin < vocab; begin += kVocabChunk) {
    chunks.push_back(cuda::chunk_sums(logits.data() + begin, std::min(kVocabChunk, vocab - begin),
                                      request.scale));
    cuda::join(row.sums, chunks.back());
  }
  if (!cuda::is_distribution(row.sums)) return -1;
  const auto total = [&](auto f) {
    int64_t sum = 0;
    for (int64_t id = 0; id < vocab; ++id) sum += f(id);
    return sum;
  };
  const bool filtered = request.top_k > 0 || request.top_p < 1.0f || request.min_p > 0.0f;
  const int64_t id = request.greedy ? cuda::greedy_token(row, total)
                     : filtered     ? cuda::draw_filtered(row, request, total)
                                    : cuda::draw_token(row, chunks.data(), request.uniform);
  *logprob = cuda::log_probability(row.sums, cuda::scaled_logit(row, id));
  *entropy = cuda::entropy_of(row.sums);
  return id;
}

std::vector<SampleRow> sample_requests() {
  std::vector<SampleRow> requests;
  for (const float uniform : {1e-7f, 0.2f, 0.5f, 0.83f, 0.9999999f}) {
    requests.push_back({.scale = 1.3f, .uniform = uniform});
    requests.push_back({.scale = 0.4f, .greedy = true, .uniform = uniform});
    for (const int32_t top_k : {0, 1, 5, 700, 5000}) {
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

TEST(SampleBody, TakesTheTokensOfTheCpuKernelWithTheSameBits) {
  auto ties = random_floats(2500, 1, 4.0f);
  for (float& logit : ties) logit = std::round(2.0f * logit) / 2.0f;  // zeros of both signs too
  ties[17] = ties[1000] = -INFINITY;
  for (const auto& logits :
       {random_floats(2500, 2, 12.0f), ties, std::vector<float>(2100, 1.25f), {0.5f}}) {
    for (const SampleRow& request : sample_requests()) {
      int32_t want = -2;
      float want_logprob = 0, want_entropy = 0, logprob = 0, entropy = 0;
      const auto vocab = static_cast<int64_t>(logits.size());
      cpu::sample(logits.data(), &request, &want, &want_logprob, &want_entropy, 1, vocab, vocab);
      EXPECT_EQ(sample_row(logits, request, &logprob, &entropy), want)
          << "vocab " << vocab << " k " << request.top_k << " p " << request.top_p << " min "
          << request.min_p << " u " << request.uniform;
      EXPECT_EQ(logprob, want_logprob);
      EXPECT_EQ(entropy, want_entropy);
    }
  }
}

TEST(SampleBody, RefusesWhatIsNoDistribution) {
  float unused = 0;
  for (const float bad : {NAN, INFINITY}) {
    auto logits = random_floats(2100, 3);
    logits[2070] = bad;
    EXPECT_EQ(sample_row(logits, {}, &unused, &unused), -1);
  }
  EXPECT_EQ(sample_row(std::vector<float>(20, -INFINITY), {}, &unused, &unused), -1);
}

}  // namespace
}  // namespace grpo::kernels
