#include "kernels/attention.h"

#include <algorithm>

#include "tests/kernels/attention_reference.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

class AttentionTest : public testing::TestWithParam<AttentionCase> {};

TEST_P(AttentionTest, MatchesTheFormulaWithTheSameBitsEverywhere) {
  const AttentionCase& c = GetParam();
  const AttentionInputs in(c);
  const auto got = same_everywhere([&] { return PagedCache(c, in, 1).whole(in); });
  std::vector<double> log_sum;
  auto want = attention_reference(c, wide(in.q), wide(in.k), wide(in.v), &log_sum);
  want.insert(want.end(), log_sum.begin(), log_sum.end());
  expect_close(got, want, 3e-6);
}

TEST_P(AttentionTest, NeitherChunksNorPageOrderChangeABit) {
  const AttentionCase& c = GetParam();
  const AttentionInputs in(c);
  const auto whole = PagedCache(c, in, 1).whole(in);
  for (const int64_t chunk : {1, 2, 3, 7, 16, 33}) {
    std::vector<float> parts(whole.size());
    PagedCache cache(c, in, static_cast<uint32_t>(chunk) + 5);
    for (int64_t t = 0; t < c.tokens; t += chunk) {
      const AttentionRun run = cache.run(t, std::min(chunk, c.tokens - t));
      cache.attend(in, &run, 1, parts);
    }
    EXPECT_TRUE(same_bits(whole, parts)) << "chunks of " << chunk;
  }
}

TEST_P(AttentionTest, RunsBesideOthersKeepTheirBits) {
  const AttentionCase& c = GetParam();
  const AttentionInputs in(c);
  const auto whole = PagedCache(c, in, 1).whole(in);
  // The sequence in pieces of growing length, all in one call and in reverse order.
  PagedCache cache(c, in, 2);
  std::vector<AttentionRun> runs;
  for (int64_t t = 0, length = 1; t < c.tokens; t += length++) {
    runs.push_back(cache.run(t, std::min(length, c.tokens - t)));
  }
  runs.push_back(cache.run(0, 0));
  std::reverse(runs.begin(), runs.end());
  const auto together = same_everywhere([&] {
    std::vector<float> result(whole.size());
    cache.attend(in, runs.data(), static_cast<int64_t>(runs.size()), result);
    return result;
  });
  EXPECT_TRUE(same_bits(whole, together));
}

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionTest, testing::ValuesIn(kAttentionCases));

TEST(Attention, KeysThatAreNotSeenHaveNoInfluence) {
  const AttentionCase c{40, 4, 2, 16, 16, 9};
  AttentionInputs in(c);
  PagedCache cache(c, in, 3);
  const AttentionRun run = cache.run(20, 5);
  std::vector<float> before(in.out_size()), after(in.out_size());
  cache.attend(in, &run, 1, before);
  // Keys before the window of query 20 and after query 24.
  for (int64_t t = 0; t < c.tokens; ++t) {
    if (t > 20 - c.window && t < 25) continue;
    std::fill_n(in.k.begin() + t * c.kv_heads * c.dim, c.kv_heads * c.dim, 1e4f);
    std::fill_n(in.v.begin() + t * c.kv_heads * c.v_dim, c.kv_heads * c.v_dim, -1e30f);
  }
  cache.write(in);
  cache.attend(in, &run, 1, after);
  EXPECT_TRUE(same_bits(before, after));
}

TEST(Attention, ZeroValuesGiveTheSameZeroInAnyTile) {
  const AttentionCase c{30, 2, 1, 8, 16, 0};
  AttentionInputs in(c);
  std::fill(in.v.begin(), in.v.end(), -0.0f);
  PagedCache cache(c, in, 4);
  const auto whole = cache.whole(in);
  std::vector<float> one_by_one(whole.size());
  for (int64_t t = 0; t < c.tokens; ++t) {
    const AttentionRun run = cache.run(t, 1);
    cache.attend(in, &run, 1, one_by_one);
  }
  EXPECT_TRUE(same_bits(whole, one_by_one));
}

TEST(Attention, TheFirstTokenCopiesItsValue) {
  const AttentionCase c{1, 3, 1, 5, 21, 0};
  const AttentionInputs in(c);
  const auto out = PagedCache(c, in, 1).whole(in);
  for (int64_t h = 0; h < 3; ++h) {
    for (int64_t d = 0; d < 21; ++d) EXPECT_EQ(out[h * 21 + d], in.v[d]);
  }
}

TEST(Attention, ExtremeScoresStayFinite) {
  const AttentionCase c{50, 2, 2, 16, 16, 0};
  AttentionInputs in(c);
  for (float& x : in.q) x *= 1e4f;
  for (const float x : PagedCache(c, in, 1).whole(in)) EXPECT_TRUE(std::isfinite(x));
}

}  // namespace
}  // namespace grpo::kernels
