// The bodies of the CUDA kernels as host code (kernels/lanes.h): products, permutation, attention,
// log-probabilities.

#include "kernels/attention_body.h"
#include "kernels/linear_logprob_body.h"
#include "kernels/matmul_body.h"
#include "kernels/permute.h"
#include "kernels/permute_body.h"
#include "tests/kernels/attention_reference.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

struct Product {
  int64_t rows, out, in;
};
constexpr Product kProducts[] = {{1, 1, 1}, {9, 16, 5}, {8, 37, 64}, {17, 50, 33}};

TEST(MatmulBody, HasTheBitsOfTheCpuKernel) {
  for (const auto& [rows, out, in] : kProducts) {
    const auto x = random_floats(rows * in, 1), bias = random_floats(out, 2);
    std::vector<float> weight(packed_size(out, in));
    cpu::pack_rows(random_floats(out * in, 3).data(), weight.data(), 0, out, in);
    for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
      std::vector<float> want(rows * out), got(want.size());
      cpu::matmul(x.data(), weight.data(), b, want.data(), rows, out, in);
      for (int64_t r = 0; r < rows; r += cuda::kTileRows) {
        for (int64_t block = 0; block * kPackWidth < out; ++block) {
          cuda::matmul_tile(x.data() + r * in, weight.data(), b, got.data() + r * out, block,
                            std::min<int64_t>(rows - r, cuda::kTileRows), out, in);
        }
      }
      EXPECT_TRUE(same_bits(got, want)) << rows << " " << out << " " << in;
    }
  }
}

TEST(MatmulBody, GradientsHaveTheBitsOfTheCpuKernels) {
  for (const auto& [rows, out, in] : kProducts) {
    const auto x = random_floats(rows * in, 1), dy = random_floats(rows * out, 2);
    std::vector<float> weight(packed_size(out, in));
    cpu::pack_rows(random_floats(out * in, 3).data(), weight.data(), 0, out, in);
    for (const bool accumulate : {false, true}) {
      auto want = random_floats(rows * in, 4), got = want;
      cpu::matmul_grad_input(dy.data(), weight.data(), want.data(), rows, out, in, accumulate);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t i = 0; i < in; i += cuda::kLanes) {
          cuda::grad_input_tile(dy.data() + r * out, weight.data(), got.data() + r * in, i, out, in,
                                accumulate);
        }
      }
      EXPECT_TRUE(same_bits(got, want)) << rows << " " << out << " " << in;
    }
    auto want = random_floats(packed_size(out, in), 5), got = want;
    cpu::matmul_grad_weight(dy.data(), x.data(), want.data(), rows, out, in);
    for (int64_t block = 0; block * kPackWidth < out; ++block) {
      for (int64_t i = 0; i < in; ++i) {
        cuda::grad_weight_tile(dy.data(), x.data(), got.data(), block, i, rows, out, in);
      }
    }
    EXPECT_TRUE(same_bits(got, want)) << rows << " " << out << " " << in;
    auto want_bias = random_floats(out, 6), got_bias = want_bias;
    cpu::bias_grad(dy.data(), want_bias.data(), rows, out);
    for (int64_t o = 0; o < out; ++o) {
      cuda::bias_grad_column(dy.data(), got_bias.data(), o, rows, out);
    }
    EXPECT_TRUE(same_bits(got_bias, want_bias));
  }
}

TEST(PermuteBody, HasTheBitsOfTheCpuKernels) {
  constexpr int64_t kTokens = 11, kTopK = 3, kExperts = 5, kDim = 37, kSlots = kTokens * kTopK;
  std::vector<int32_t> expert(kSlots), row_of_slot(kSlots), token_of_row(kSlots);
  for (int64_t slot = 0; slot < kSlots; ++slot) expert[slot] = (slot * 7 + slot / 4) % 4;  // not 4
  std::vector<int64_t> offsets(kExperts + 1);
  cpu::expert_order(expert.data(), kTokens, kTopK, kExperts, offsets.data(), row_of_slot.data(),
                    token_of_row.data());
  std::vector<int32_t> rows(kSlots), tokens(kSlots);
  for (int64_t e = 0; e < kExperts; ++e) {
    EXPECT_EQ(cuda::count_expert(expert.data(), kSlots, e), offsets[e + 1] - offsets[e]);
    cuda::place_expert(expert.data(), kSlots, kTopK, e, offsets[e], rows.data(), tokens.data());
  }
  EXPECT_EQ(rows, row_of_slot);
  EXPECT_EQ(tokens, token_of_row);

  const auto x = random_floats(kSlots * kDim, 1), weight = random_floats(kSlots, 2);
  for (const float* w : {static_cast<const float*>(nullptr), weight.data()}) {
    for (const bool accumulate : {false, true}) {
      auto want = random_floats(kTokens * kDim, 3), got = want;
      cpu::combine_rows(x.data(), rows.data(), w, want.data(), kTokens, kTopK, kDim, accumulate);
      for (int64_t t = 0; t < kTokens; ++t) {
        cuda::combine_token(x.data(), rows.data() + t * kTopK,
                            w != nullptr ? w + t * kTopK : nullptr, got.data() + t * kDim, kTopK,
                            kDim, accumulate);
      }
      EXPECT_TRUE(same_bits(got, want));
    }
  }
  const auto dy = random_floats(kTokens * kDim, 4);
  std::vector<float> want(kSlots * (kDim + 1)), got(want.size());
  cpu::combine_rows_backward(dy.data(), x.data(), rows.data(), weight.data(), want.data(),
                             want.data() + kSlots * kDim, kTokens, kTopK, kDim);
  for (int64_t slot = 0; slot < kSlots; ++slot) {
    const int64_t row = rows[slot] * kDim;
    cuda::combine_grad_slot(dy.data() + slot / kTopK * kDim, x.data() + row, weight[slot],
                            got.data() + row, got.data() + kSlots * kDim + slot, kDim);
  }
  EXPECT_TRUE(same_bits(got, want));
}

TEST(AttentionBody, PartsJoinToTheAttentionOfTheReference) {
  for (const AttentionCase& c : kAttentionCases) {
    const AttentionShape shape = c.shape();
    const AttentionInputs in(c);
    const int64_t num_pages = (c.tokens + kPageSize - 1) / kPageSize;
    std::vector<int32_t> pages(num_pages);
    for (int64_t p = 0; p < num_pages; ++p) {
      pages[p] = static_cast<int32_t>(num_pages - 1 - p);  // not in order
    }
    std::vector<float> keys(num_pages * c.kv_heads * c.dim * kPageSize);
    std::vector<float> values(num_pages * c.kv_heads * c.v_dim * kPageSize);
    auto cpu_keys = keys, cpu_values = values;
    std::vector<int64_t> slots(c.tokens);
    for (int64_t t = 0; t < c.tokens; ++t) {
      slots[t] = pages[t / kPageSize] * kPageSize + t % kPageSize;
      cuda::kv_write_token(in.k.data() + t * c.kv_heads * c.dim,
                           in.v.data() + t * c.kv_heads * c.v_dim, slots[t], keys.data(),
                           values.data(), c.kv_heads, c.dim, c.v_dim);
    }
    cpu::kv_write(in.k.data(), in.v.data(), slots.data(), cpu_keys.data(), cpu_values.data(),
                  c.tokens, c.kv_heads, c.dim, c.v_dim);
    EXPECT_TRUE(same_bits(keys, cpu_keys) && same_bits(values, cpu_values));

    const int64_t size = cuda::part_size(c.v_dim);
    std::vector<float> parts(cuda::kParts * size), got(in.out_size());
    float* const log_sum = got.data() + in.rows * in.v_dim;
    for (int64_t row = 0; row < c.tokens * c.heads; ++row) {
      const int64_t kv_head = row % c.heads / (c.heads / c.kv_heads);
      for (int64_t p = 0; p < cuda::kParts; ++p) {
        cuda::attend_part(in.q.data() + row * c.dim, keys.data(), values.data(), pages.data(),
                          row / c.heads, kv_head, shape, p, parts.data() + p * size);
      }
      for (int64_t j = 0; j < c.v_dim; j += cuda::kLanes) {
        cuda::join_parts(parts.data(), c.v_dim, j, got.data() + row * c.v_dim, log_sum + row);
      }
    }
    std::vector<double> want_log_sum;
    auto want = attention_reference(c, wide(in.q), wide(in.k), wide(in.v), &want_log_sum);
    want.insert(want.end(), want_log_sum.begin(), want_log_sum.end());
    expect_close(got, want, 2e-6);
  }
}

TEST(AttentionBody, ManyKeysGoSeveralTimesRoundTheParts) {
  for (const int64_t window : {0, 1500}) {
    const AttentionCase c{2345, 1, 1, 8, 24, window};
    const AttentionInputs in(c);
    const int64_t num_pages = (c.tokens + kPageSize - 1) / kPageSize;
    std::vector<int32_t> pages(num_pages);
    for (int64_t p = 0; p < num_pages; ++p) pages[p] = static_cast<int32_t>(num_pages - 1 - p);
    const auto keys = random_floats(num_pages * c.dim * kPageSize, 1);
    const auto values = random_floats(num_pages * c.v_dim * kPageSize, 2);
    const int64_t size = cuda::part_size(c.v_dim);
    std::vector<float> parts(cuda::kParts * size), want(c.v_dim + 1), got(want.size());
    for (const int64_t position : {63, 64, 1023, 1024, 2344}) {
      const AttentionRun run{.query_count = 1, .position = position, .pages = pages.data()};
      cpu::attention_forward(in.q.data(), keys.data(), values.data(), &run, 1, c.shape(),
                             want.data(), &want.back());
      for (int64_t p = 0; p < cuda::kParts; ++p) {
        cuda::attend_part(in.q.data(), keys.data(), values.data(), pages.data(), position, 0,
                          c.shape(), p, parts.data() + p * size);
      }
      for (int64_t j = 0; j < c.v_dim; j += cuda::kLanes) {
        cuda::join_parts(parts.data(), c.v_dim, j, got.data(), &got.back());
      }
      expect_close(got, want, 5e-6);
    }
  }
}

TEST(LinearLogprobBody, ChunksHaveTheBitsOfTheCpuKernels) {
  constexpr int64_t kTokens = 3, kDim = 8;
  for (const int64_t vocab : {1, 16, 2048, 2051, 4500}) {
    const int64_t stride = packed_size(vocab, 1);
    const auto hidden = random_floats(kTokens * kDim, 1, 2.0f);
    std::vector<float> head(packed_size(vocab, kDim));
    // Rows behind the vocabulary are not zero: they must not count.
    cpu::pack_rows(random_floats(stride * kDim, 2).data(), head.data(), 0, stride, kDim);
    const std::vector<int32_t> targets = {0, static_cast<int32_t>(vocab - 1),
                                          static_cast<int32_t>(vocab / 2)};
    std::vector<float> logits(kTokens * stride), want(3 * kTokens), got(3 * kTokens);
    cpu::matmul(hidden.data(), head.data(), nullptr, logits.data(), kTokens, stride, kDim);
    cpu::linear_logprob_forward(hidden.data(), head.data(), targets.data(), 1.3f, want.data(),
                                want.data() + kTokens, want.data() + 2 * kTokens, kTokens, kDim,
                                vocab);
    const auto for_each_chunk = [&](auto body) {
      for (int64_t begin = 0; begin < vocab; begin += kVocabChunk) {
        body(begin, std::min(kVocabChunk, vocab - begin));
      }
    };
    for (int64_t t = 0; t < kTokens; ++t) {
      cuda::SoftmaxSums sums;
      float target = 0;
      for_each_chunk([&](int64_t begin, int64_t width) {
        cuda::logprob_chunk(logits.data() + t * stride + begin, begin, width, targets[t], 1.3f,
                            &sums, &target);
      });
      got[t] = cuda::log_probability(sums, target);
      got[kTokens + t] = cuda::entropy_of(sums);
      got[2 * kTokens + t] = cuda::log_normaliser(sums);
    }
    EXPECT_TRUE(same_bits(got, want)) << vocab;

    const auto d_logprob = random_floats(kTokens, 3), d_entropy = random_floats(kTokens, 4);
    std::vector<float> want_hidden(kTokens * kDim), got_hidden(want_hidden.size());
    cpu::linear_logprob_backward(hidden.data(), head.data(), targets.data(), 1.3f,
                                 want.data() + 2 * kTokens, want.data() + kTokens, d_logprob.data(),
                                 d_entropy.data(), want_hidden.data(), nullptr, kTokens, kDim,
                                 vocab);
    for (int64_t t = 0; t < kTokens; ++t) {
      for_each_chunk([&](int64_t begin, int64_t width) {
        cuda::logits_to_gradient(logits.data() + t * stride + begin, begin, width,
                                 packed_size(width, 1), targets[t], 1.3f, got[2 * kTokens + t],
                                 got[kTokens + t], d_logprob[t], d_entropy[t]);
      });
    }
    cpu::matmul_grad_input(logits.data(), head.data(), got_hidden.data(), kTokens, stride, kDim,
                           false);
    EXPECT_TRUE(same_bits(got_hidden, want_hidden)) << vocab;
  }
}

}  // namespace
}  // namespace grpo::kernels
