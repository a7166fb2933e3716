
#include "kernels/attention.h"
#include "tests/kernels/attention_reference.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

/// dq, dk and dv, one behind the other.
std::vector<float> backward(const AttentionCase& c, const AttentionInputs& in,
                            const std::vector<float>& dout, const std::vector<float>& out,
                            const std::vector<int64_t>& offsets) {
  std::vector<float> d(in.q.size() + in.k.size() + in.v.size(), 99.0f);  // must be overwritten
  float* dk = d.data() + in.q.size();
  cpu::attention_backward(dout.data(), in.q.data(), in.k.data(), in.v.data(), out.data(),
                          out.data() + dout.size(), offsets.data(),
                          static_cast<int64_t>(offsets.size()) - 1, c.shape(), d.data(), dk,
                          dk + in.k.size());
  return d;
}

/// The gradients of sum(dout * out) in double precision, by the chain rule of the softmax.
std::vector<double> reference_backward(const AttentionCase& c, const std::vector<double>& q,
                                       const std::vector<double>& k, const std::vector<double>& v,
                                       const std::vector<double>& dout) {
  std::vector<double> log_sum;
  const auto out = attention_reference(c, q, k, v, &log_sum);
  std::vector<double> dq(q.size()), dk(k.size()), dv(v.size());
  const double scale = c.shape().scale;
  for (int64_t t = 0; t < c.tokens; ++t) {
    for (int64_t h = 0; h < c.heads; ++h) {
      const int64_t row = t * c.heads + h;
      for (int64_t j = c.window > 0 ? std::max<int64_t>(0, t - c.window + 1) : 0; j <= t; ++j) {
        const int64_t key = j * c.kv_heads + h / (c.heads / c.kv_heads);
        double score = 0.0, slope = 0.0;
        for (int64_t d = 0; d < c.dim; ++d) score += q[row * c.dim + d] * k[key * c.dim + d];
        const double p = std::exp(score * scale - log_sum[row]);
        for (int64_t d = 0; d < c.v_dim; ++d) {
          const double dy = dout[row * c.v_dim + d];
          slope += dy * (v[key * c.v_dim + d] - out[row * c.v_dim + d]);
          dv[key * c.v_dim + d] += p * dy;
        }
        for (int64_t d = 0; d < c.dim; ++d) {
          dq[row * c.dim + d] += p * slope * scale * k[key * c.dim + d];
          dk[key * c.dim + d] += p * slope * scale * q[row * c.dim + d];
        }
      }
    }
  }
  dq.insert(dq.end(), dk.begin(), dk.end());
  dq.insert(dq.end(), dv.begin(), dv.end());
  return dq;
}

class AttentionBackwardTest : public testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionBackwardTest, MatchesTheChainRuleWithTheSameBitsEverywhere) {
  const AttentionCase& c = GetParam();
  const AttentionInputs in(c);
  const auto out = PagedCache(c, in, 1).whole(in);
  const auto dout = random_floats(c.tokens * c.heads * c.v_dim, 14);
  const auto got = same_everywhere([&] { return backward(c, in, dout, out, {0, c.tokens}); });
  expect_close(got, reference_backward(c, wide(in.q), wide(in.k), wide(in.v), wide(dout)), 2e-5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionBackwardTest, testing::ValuesIn(kAttentionCases));
// Several blocks of keys and of rows.
INSTANTIATE_TEST_SUITE_P(Blocks, AttentionBackwardTest,
                         testing::Values(AttentionCase{300, 3, 1, 16, 16, 0},
                                         AttentionCase{300, 2, 2, 20, 40, 50},
                                         AttentionCase{257, 1, 1, 32, 16, 200},
                                         AttentionCase{128, 5, 1, 8, 8, 0}));

TEST(AttentionBackward, MatchesFiniteDifference) {
  for (const int64_t window : {0, 4}) {
    const AttentionCase c{19, 4, 2, 6, 5, window};
    const AttentionInputs in(c);
    const auto out = PagedCache(c, in, 1).whole(in);
    const auto dout = random_floats(c.tokens * c.heads * c.v_dim, 14);
    const auto q = wide(in.q), k = wide(in.k), v = wide(in.v);
    auto want = numeric_gradient([&](const auto& x) { return attention_reference(c, x, k, v); },
                                 in.q, dout);
    const auto dk = numeric_gradient([&](const auto& x) { return attention_reference(c, q, x, v); },
                                     in.k, dout);
    const auto dv = numeric_gradient([&](const auto& x) { return attention_reference(c, q, k, x); },
                                     in.v, dout);
    want.insert(want.end(), dk.begin(), dk.end());
    want.insert(want.end(), dv.begin(), dv.end());
    expect_close(backward(c, in, dout, out, {0, c.tokens}), want, 1e-5);
  }
}

TEST(AttentionBackward, ASequenceKeepsItsBitsBesideOthers) {
  // The same 60 tokens as one batch of sequences of 1, 0, 40 and 19 tokens, and one by one.
  const AttentionCase c{60, 6, 2, 24, 40, 0};
  const AttentionInputs in(c);
  const std::vector<int64_t> offsets = {0, 1, 1, 41, 60};
  const auto out = random_floats(static_cast<int64_t>(in.out_size()), 15);
  const auto dout = random_floats(c.tokens * c.heads * c.v_dim, 14);
  const auto together = same_everywhere([&] { return backward(c, in, dout, out, offsets); });
  std::vector<float> apart(together.size());
  float* dk = apart.data() + in.q.size();
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    cpu::attention_backward(dout.data(), in.q.data(), in.k.data(), in.v.data(), out.data(),
                            out.data() + dout.size(), &offsets[s], 1, c.shape(), apart.data(), dk,
                            dk + in.k.size());
  }
  EXPECT_TRUE(same_bits(together, apart));
}

}  // namespace
}  // namespace grpo::kernels
