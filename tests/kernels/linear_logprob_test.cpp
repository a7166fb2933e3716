#include "kernels/linear_logprob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/matmul.h"
#include "kernels/sample.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

struct Problem {
  int64_t tokens, dim, vocab, head_rows;
  float scale;
  std::vector<float> hidden, plain_head, head;
  std::vector<int32_t> targets;
};

Problem make_problem(int64_t tokens, int64_t dim, int64_t vocab, int64_t head_rows, float scale) {
  Problem p{tokens, dim, vocab, head_rows, scale, {}, {}, {}, {}};
  p.hidden = random_floats(tokens * dim, 1, 2.0f);
  p.plain_head = random_floats(head_rows * dim, 2, 1.0f);
  p.head.resize(static_cast<size_t>(packed_size(head_rows, dim)));
  cpu::pack_rows(p.plain_head.data(), p.head.data(), 0, head_rows, dim);
  for (int64_t t = 0; t < tokens; ++t) {
    p.targets.push_back(static_cast<int32_t>(t == 0 ? vocab - 1 : t * 7919 % vocab));
  }
  return p;
}

struct Result {
  std::vector<float> logprob, entropy, log_z;
};

Result forward(const Problem& p, int64_t first, int64_t count) {
  const auto n = static_cast<size_t>(count);
  Result r{std::vector<float>(n, NAN), std::vector<float>(n, NAN), std::vector<float>(n, NAN)};
  cpu::linear_logprob_forward(p.hidden.data() + first * p.dim, p.head.data(),
                              p.targets.data() + first, p.scale, r.logprob.data(), r.entropy.data(),
                              r.log_z.data(), count, p.dim, p.vocab);
  return r;
}

std::vector<float> joined(const Result& r) {
  auto all = r.logprob;
  all.insert(all.end(), r.entropy.begin(), r.entropy.end());
  all.insert(all.end(), r.log_z.begin(), r.log_z.end());
  return all;
}

/// logprob then entropy then log_z of every token, by plain loops in double.
std::vector<double> exact(const Problem& p, const std::vector<double>& hidden,
                          const std::vector<double>& head) {
  std::vector<double> out(static_cast<size_t>(3 * p.tokens));
  std::vector<double> z(static_cast<size_t>(p.vocab));
  for (int64_t t = 0; t < p.tokens; ++t) {
    for (int64_t v = 0; v < p.vocab; ++v) {
      double sum = 0;
      for (int64_t i = 0; i < p.dim; ++i) sum += hidden[t * p.dim + i] * head[v * p.dim + i];
      z[v] = sum * p.scale;
    }
    const double top = *std::max_element(z.begin(), z.end());
    double norm = 0, mean = 0;
    for (const double l : z) norm += std::exp(l - top);
    for (const double l : z) mean += std::exp(l - top) / norm * l;
    const double log_z = top + std::log(norm);
    out[t] = z[p.targets[t]] - log_z;
    out[p.tokens + t] = log_z - mean;
    out[2 * p.tokens + t] = log_z;
  }
  return out;
}

std::vector<double> widen(const std::vector<float>& x) { return {x.begin(), x.end()}; }

TEST(LinearLogprob, EqualsLogSoftmaxInDouble) {
  for (const auto& p :
       {make_problem(3, 20, 1, 1, 1.0f), make_problem(1, 8, 50, 50, 0.7f),
        make_problem(5, 33, 2048, 2048, 1.0f), make_problem(4, 24, 4500, 4512, 1.0f / 0.6f)}) {
    const auto got = same_everywhere([&] { return joined(forward(p, 0, p.tokens)); });
    // float32 logits of about 10 that are sums of up to 33 products
    expect_close(got, exact(p, widen(p.hidden), widen(p.plain_head)), 3e-6);
  }
}

TEST(LinearLogprob, VeryLikelyAndVeryUnlikelyTargetsStayFinite) {
  auto p = make_problem(2, 1, 3000, 3000, 1.0f);
  std::fill(p.plain_head.begin(), p.plain_head.end(), 0.0f);
  p.plain_head[2500] = 100.0f;
  cpu::pack_rows(p.plain_head.data(), p.head.data(), 0, 3000, 1);
  p.hidden = {3.0f, 3.0f};
  p.targets = {2500, 0};
  const auto r = forward(p, 0, 2);
  EXPECT_EQ(r.logprob[0], 0.0f);
  EXPECT_EQ(r.logprob[1], -300.0f);
  EXPECT_EQ(r.entropy[0], 0.0f);
  EXPECT_EQ(r.log_z[0], 300.0f);
}

TEST(LinearLogprob, ATokenDoesNotDependOnTheOthers) {
  const auto p = make_problem(500, 6, 2100, 2112, 0.9f);  // more than one block of tokens
  const auto all = forward(p, 0, p.tokens);
  for (const auto& [first, count] : {std::pair{0, 1}, {3, 2}, {100, 17}, {479, 21}}) {
    const auto some = forward(p, first, count);
    for (int t = 0; t < count; ++t) {
      EXPECT_EQ(some.logprob[t], all.logprob[first + t]);
      EXPECT_EQ(some.entropy[t], all.entropy[first + t]);
      EXPECT_EQ(some.log_z[t], all.log_z[first + t]);
    }
  }
}

TEST(LinearLogprob, HasTheBitsOfSampling) {
  for (const float temperature : {1.0f, 0.6f, 1.3f}) {
    auto p = make_problem(6, 40, 5003, 5008, 1.0f / temperature);
    const int64_t stride = 5008;
    std::vector<float> logits(static_cast<size_t>(p.tokens * stride));
    cpu::matmul(p.hidden.data(), p.head.data(), nullptr, logits.data(), p.tokens, stride, p.dim);
    std::vector<SampleRow> rows;
    for (int64_t t = 0; t < p.tokens; ++t) {
      rows.push_back({.scale = p.scale,
                      .top_k = t % 2 == 0 ? 0 : 40,
                      .top_p = t % 3 == 0 ? 1.0f : 0.9f,
                      .uniform = (static_cast<float>(t) + 0.5f) / 6.0f});
    }
    std::vector<float> logprob(6), entropy(6);
    ASSERT_EQ(cpu::sample(logits.data(), rows.data(), p.targets.data(), logprob.data(),
                          entropy.data(), p.tokens, p.vocab, stride),
              -1);
    const auto learner = forward(p, 0, p.tokens);
    EXPECT_TRUE(same_bits(learner.logprob, logprob));
    EXPECT_TRUE(same_bits(learner.entropy, entropy));
  }
}

struct Gradients {
  std::vector<float> hidden, head;
};

Gradients backward(const Problem& p, const std::vector<float>& d_logprob,
                   const std::vector<float>& d_entropy, std::vector<float> head_before) {
  const auto r = forward(p, 0, p.tokens);
  Gradients g{std::vector<float>(p.hidden.size(), NAN), std::move(head_before)};
  cpu::linear_logprob_backward(p.hidden.data(), p.head.data(), p.targets.data(), p.scale,
                               r.log_z.data(), r.entropy.data(), d_logprob.data(),
                               d_entropy.empty() ? nullptr : d_entropy.data(), g.hidden.data(),
                               g.head.empty() ? nullptr : g.head.data(), p.tokens, p.dim, p.vocab);
  return g;
}

TEST(LinearLogprob, GradientsMatchFiniteDifferences) {
  const auto p = make_problem(3, 5, 37, 40, 0.8f);
  for (const bool with_entropy : {false, true}) {
    const auto d_logprob = random_floats(3, 3);
    const auto d_entropy = with_entropy ? random_floats(3, 4) : std::vector<float>{};
    std::vector<float> weights = d_logprob;
    for (int t = 0; t < 3; ++t) weights.push_back(with_entropy ? d_entropy[t] : 0.0f);
    weights.resize(9, 0.0f);  // log_z has no gradient of its own

    std::vector<float> got_head(static_cast<size_t>(40 * 5), NAN);
    const auto all = same_everywhere([&] {
      auto g = backward(p, d_logprob, d_entropy,
                        std::vector<float>(static_cast<size_t>(packed_size(40, 5)), 0.0f));
      cpu::unpack_rows(g.head.data(), got_head.data(), 0, 40, 5);
      auto joint = g.hidden;
      joint.insert(joint.end(), got_head.begin(), got_head.end());
      return joint;
    });
    auto want = numeric_gradient(
        [&](const std::vector<double>& h) { return exact(p, h, widen(p.plain_head)); }, p.hidden,
        weights);
    const auto want_head =
        numeric_gradient([&](const std::vector<double>& w) { return exact(p, widen(p.hidden), w); },
                         p.plain_head, weights);
    want.insert(want.end(), want_head.begin(), want_head.end());
    expect_close(all, want, 1e-5);
  }
}

TEST(LinearLogprob, GradientsOverSeveralChunksAndBlocksMatchTheFormulaInDouble) {
  const auto p = make_problem(490, 4, 2075, 2080, 1.1f);
  const auto d_logprob = random_floats(p.tokens, 5), d_entropy = random_floats(p.tokens, 6);
  const auto before = random_floats(packed_size(p.head_rows, p.dim), 7);
  std::vector<double> want_hidden(p.hidden.size());
  std::vector<double> want_head(static_cast<size_t>(p.head_rows * p.dim));
  std::vector<double> z(static_cast<size_t>(p.vocab));
  const auto values = exact(p, widen(p.hidden), widen(p.plain_head));
  for (int64_t t = 0; t < p.tokens; ++t) {
    const double entropy = values[p.tokens + t], log_z = values[2 * p.tokens + t];
    for (int64_t v = 0; v < p.vocab; ++v) {
      double l = 0;
      for (int64_t i = 0; i < p.dim; ++i) {
        l += double{p.hidden[t * p.dim + i]} * p.plain_head[v * p.dim + i];
      }
      const double log_p = l * p.scale - log_z, prob = std::exp(log_p);
      const double g = p.scale * (d_logprob[t] * ((v == p.targets[t] ? 1.0 : 0.0) - prob) -
                                  d_entropy[t] * prob * (log_p + entropy));
      for (int64_t i = 0; i < p.dim; ++i) {
        want_hidden[t * p.dim + i] += g * p.plain_head[v * p.dim + i];
        want_head[v * p.dim + i] += g * p.hidden[t * p.dim + i];
      }
    }
  }
  auto g = backward(p, d_logprob, d_entropy, before);
  expect_close(g.hidden, want_hidden, 1e-5);
  std::vector<float> plain_before(want_head.size()), got(want_head.size());
  cpu::unpack_rows(before.data(), plain_before.data(), 0, p.head_rows, p.dim);
  cpu::unpack_rows(g.head.data(), got.data(), 0, p.head_rows, p.dim);
  for (size_t i = 0; i < want_head.size(); ++i) want_head[i] += plain_before[i];
  expect_close(got, want_head, 1e-5);

  const auto without_head = backward(p, d_logprob, d_entropy, {});
  EXPECT_TRUE(same_bits(without_head.hidden, g.hidden));
}

TEST(LinearLogprob, NoTokensIsNoWork) {
  const auto p = make_problem(1, 4, 20, 32, 1.0f);
  EXPECT_TRUE(forward(p, 0, 0).logprob.empty());
}

}  // namespace
}  // namespace grpo::kernels
