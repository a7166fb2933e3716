#include "tests/kernels/attention_reference.h"
#include "tests/kernels/cuda_testing.h"

namespace grpo::kernels {
namespace {

class CudaMatmul : public CudaTest {};
class CudaLinearLogprob : public CudaTest {};
class CudaAttention : public CudaTest {};

std::vector<float> packed(const std::vector<float>& rows, int64_t out, int64_t in) {
  std::vector<float> weight(packed_size(out, in));
  cpu::pack_rows(rows.data(), weight.data(), 0, out, in);
  return weight;
}

TEST_F(CudaMatmul, MatchesCpu) {
  struct Product {
    int64_t rows, out, in;
  };
  for (const auto& [rows, out, in] : {Product{1, 1, 1}, {9, 16, 5}, {77, 301, 130}, {0, 5, 3}}) {
    const auto x = random_floats(rows * in, 1), dy = random_floats(rows * out, 2);
    auto bias = random_floats(out, 3), dx = random_floats(rows * in, 4);
    auto weight = packed(random_floats(out * in, 5), out, in);
    std::vector<float> y(rows * out);
    const OnDevice<float> x_(x), dy_(dy), bias_(bias), dx_(dx), weight_(weight), y_(rows * out);
    const auto& api = cuda::api();
    cpu::matmul(x.data(), weight.data(), bias.data(), y.data(), rows, out, in);
    expect_ok(api.matmul(x_, weight_, bias_, y_, rows, out, in, nullptr));
    expect_close(y_.values(), y, kSameArithmetic);
    cpu::matmul_grad_input(dy.data(), weight.data(), dx.data(), rows, out, in, true);
    expect_ok(api.matmul_grad_input(dy_, weight_, dx_, rows, out, in, true, nullptr));
    expect_close(dx_.values(), dx, kSameArithmetic);
    cpu::matmul_grad_weight(dy.data(), x.data(), weight.data(), rows, out, in);
    expect_ok(api.matmul_grad_weight(dy_, x_, weight_, rows, out, in, nullptr));
    expect_close(weight_.values(), weight, kSameArithmetic);
    cpu::bias_grad(dy.data(), bias.data(), rows, out);
    expect_ok(api.bias_grad(dy_, bias_, rows, out, nullptr));
    expect_close(bias_.values(), bias, kSameArithmetic);
  }
}

TEST_F(CudaMatmul, GroupedMatchesCpu) {
  constexpr int64_t kExperts = 4, kOut = 45, kIn = 33;
  const std::vector<int64_t> offsets = {0, 11, 11, 12, 40};
  const int64_t rows = offsets.back();
  const auto x = random_floats(rows * kIn, 1), dy = random_floats(rows * kOut, 2);
  std::vector<float> weights;
  for (uint32_t e = 0; e < kExperts; ++e) {
    const auto weight = packed(random_floats(kOut * kIn, 3 + e), kOut, kIn);
    weights.insert(weights.end(), weight.begin(), weight.end());
  }
  std::vector<float> y(rows * kOut), dx(rows * kIn);
  const OnDevice<int64_t> offsets_(offsets);
  const OnDevice<float> x_(x), dy_(dy), weights_(weights), y_(rows * kOut), dx_(rows * kIn);
  const auto& api = cuda::api();
  cpu::grouped_matmul(x.data(), weights.data(), offsets.data(), y.data(), kExperts, kOut, kIn);
  expect_ok(api.grouped_matmul(x_, weights_, offsets_, y_, kExperts, kOut, kIn, nullptr));
  expect_close(y_.values(), y, kSameArithmetic);
  cpu::grouped_grad_input(dy.data(), weights.data(), offsets.data(), dx.data(), kExperts, kOut,
                          kIn);
  expect_ok(api.grouped_grad_input(dy_, weights_, offsets_, dx_, kExperts, kOut, kIn, nullptr));
  expect_close(dx_.values(), dx, kSameArithmetic);
  cpu::grouped_grad_weight(dy.data(), x.data(), offsets.data(), weights.data(), kExperts, kOut,
                           kIn);
  expect_ok(api.grouped_grad_weight(dy_, x_, offsets_, weights_, kExperts, kOut, kIn, nullptr));
  expect_close(weights_.values(), weights, kSameArithmetic);
}

TEST_F(CudaLinearLogprob, MatchesCpu) {
  constexpr int64_t kDim = 40;
  const auto& api = cuda::api();
  // Across a chunk of the vocabulary, a block of tokens on the CPU and one on the device.
  for (const auto& [tokens, vocab] :
       {std::pair<int64_t, int64_t>{3, 17}, {5, 4500}, {490, 2051}, {2050, 30}}) {
    const auto hidden = random_floats(tokens * kDim, 1, 2.0f);
    const auto head = packed(random_floats(vocab * kDim, 2), vocab, kDim);
    std::vector<int32_t> targets(tokens);
    for (int64_t t = 0; t < tokens; ++t) targets[t] = static_cast<int32_t>(t * 97 % vocab);
    std::vector<float> logprob(tokens), entropy(tokens), log_z(tokens);
    cpu::linear_logprob_forward(hidden.data(), head.data(), targets.data(), 1.3f, logprob.data(),
                                entropy.data(), log_z.data(), tokens, kDim, vocab);
    const OnDevice<float> hidden_(hidden), head_(head);
    const OnDevice<int32_t> targets_(targets);
    const OnDevice<float> logprob_(tokens), entropy_(tokens), log_z_(tokens);
    expect_ok(api.linear_logprob_forward(hidden_, head_, targets_, 1.3f, logprob_, entropy_, log_z_,
                                         tokens, kDim, vocab, nullptr));
    expect_close(logprob_.values(), logprob, kSameArithmetic);
    expect_close(entropy_.values(), entropy, kSameArithmetic);
    expect_close(log_z_.values(), log_z, kSameArithmetic);

    const auto d_logprob = random_floats(tokens, 3), d_entropy = random_floats(tokens, 4);
    std::vector<float> d_hidden(hidden.size());
    auto d_head = random_floats(static_cast<int64_t>(head.size()), 5);
    const OnDevice<float> d_logprob_(d_logprob), d_entropy_(d_entropy), d_head_(d_head);
    const OnDevice<float> d_hidden_(tokens * kDim);
    cpu::linear_logprob_backward(hidden.data(), head.data(), targets.data(), 1.3f, log_z.data(),
                                 entropy.data(), d_logprob.data(), d_entropy.data(),
                                 d_hidden.data(), d_head.data(), tokens, kDim, vocab);
    expect_ok(api.linear_logprob_backward(hidden_, head_, targets_, 1.3f, log_z_, entropy_,
                                          d_logprob_, d_entropy_, d_hidden_, d_head_, tokens, kDim,
                                          vocab, nullptr));
    // A logarithm that rounds the other way moves every gradient of its token a little.
    expect_close(d_hidden_.values(), d_hidden, 1e-5);
    expect_close(d_head_.values(), d_head, 1e-5);
  }
}

/// Queries of one sequence against a cache of `tokens` keys in pages out of order.
void expect_attention_matches_cpu(const AttentionCase& c, const std::vector<AttentionRun>& runs) {
  const AttentionShape shape = c.shape();
  const AttentionInputs in(c);
  const int64_t num_pages = (c.tokens + kPageSize - 1) / kPageSize;
  std::vector<int32_t> pages(num_pages);
  for (int64_t p = 0; p < num_pages; ++p) pages[p] = static_cast<int32_t>(num_pages - 1 - p);
  std::vector<int64_t> slots(c.tokens);
  for (int64_t t = 0; t < c.tokens; ++t) {
    slots[t] = pages[t / kPageSize] * kPageSize + t % kPageSize;
  }
  std::vector<float> keys(num_pages * c.kv_heads * c.dim * kPageSize);
  std::vector<float> values(num_pages * c.kv_heads * c.v_dim * kPageSize);
  const OnDevice<float> q_(in.q), k_(in.k), v_(in.v), keys_(keys), values_(values);
  const OnDevice<int64_t> slots_(slots);
  const OnDevice<int32_t> pages_(pages);
  const auto& api = cuda::api();
  cpu::kv_write(in.k.data(), in.v.data(), slots.data(), keys.data(), values.data(), c.tokens,
                c.kv_heads, c.dim, c.v_dim);
  expect_ok(
      api.kv_write(k_, v_, slots_, keys_, values_, c.tokens, c.kv_heads, c.dim, c.v_dim, nullptr));
  EXPECT_TRUE(same_bits(keys_.values(), keys));
  EXPECT_TRUE(same_bits(values_.values(), values));

  auto host_runs = runs, device_runs = runs;
  for (auto& run : host_runs) run.pages = pages.data();
  for (auto& run : device_runs) run.pages = pages_;
  const auto num_runs = static_cast<int64_t>(runs.size()), rows = c.tokens * c.heads;
  std::vector<float> out(rows * c.v_dim), log_sum(rows);
  const OnDevice<float> out_(rows * c.v_dim), log_sum_(rows);
  const OnDevice<AttentionRun> runs_(device_runs);
  cpu::attention_forward(in.q.data(), keys.data(), values.data(), host_runs.data(), num_runs, shape,
                         out.data(), log_sum.data());
  expect_ok(
      api.attention_forward(q_, keys_, values_, runs_, num_runs, shape, out_, log_sum_, nullptr));
  // The keys are summed in another order than on the CPU: by parts, each rescaled as it grows.
  expect_close(out_.values(), out, 5e-6);
  expect_close(log_sum_.values(), log_sum, 5e-6);
}

TEST_F(CudaAttention, MatchesCpu) {
  for (const AttentionCase& c : kAttentionCases) {
    expect_attention_matches_cpu(c, {{.query_begin = 0, .query_count = c.tokens}});
    // The last query alone, and what stands before it, as in decoding.
    expect_attention_matches_cpu(
        c, {{.query_begin = c.tokens - 1, .query_count = 1, .position = c.tokens - 1},
            {.query_begin = 0, .query_count = c.tokens / 2}});
  }
}

TEST_F(CudaAttention, MatchesCpuOverMoreKeysThanOneRoundOfParts) {
  for (const int64_t window : {0, 1500}) {
    expect_attention_matches_cpu({2345, 4, 2, 16, 24, window},
                                 {{.query_begin = 2344, .query_count = 1, .position = 2344},
                                  {.query_begin = 1020, .query_count = 9, .position = 1020}});
  }
}

TEST_F(CudaAttention, AQueryDoesNotDependOnTheBatch) {
  const AttentionCase c{300, 4, 2, 16, 24, 0};
  const AttentionInputs in(c);
  const int64_t num_pages = (c.tokens + kPageSize - 1) / kPageSize, row = c.heads * c.v_dim;
  std::vector<int32_t> pages(num_pages);
  for (int64_t p = 0; p < num_pages; ++p) pages[p] = static_cast<int32_t>(p);
  const OnDevice<float> q(in.q), keys(random_floats(num_pages * c.kv_heads * c.dim * 16, 1));
  const OnDevice<float> values(random_floats(num_pages * c.kv_heads * c.v_dim * 16, 2));
  const OnDevice<int32_t> pages_(pages);
  const OnDevice<float> together(c.tokens * row), alone(c.tokens * row);
  const auto attend = [&](int64_t first, int64_t count, float* out) {
    const OnDevice<AttentionRun> runs(std::vector<AttentionRun>{{first, count, first, pages_}});
    expect_ok(
        cuda::api().attention_forward(q, keys, values, runs, 1, c.shape(), out, nullptr, nullptr));
    expect_ok(cuda::api().synchronize(nullptr));
  };
  attend(0, c.tokens, together);
  for (int64_t t = 0; t < c.tokens; t += 7) attend(t, std::min<int64_t>(7, c.tokens - t), alone);
  EXPECT_TRUE(same_bits(together.values(), alone.values()));
}

TEST_F(CudaAttention, RefusesValuesTooWideForABlock) {
  const cuda::Status status = cuda::api().attention_forward(
      nullptr, nullptr, nullptr, nullptr, 1, {.heads = 1, .kv_heads = 1, .dim = 16, .v_dim = 767},
      nullptr, nullptr, nullptr);
  ASSERT_FALSE(status.ok());
  EXPECT_STREQ(status.error, "attention_forward: v_dim is above 766");
}

}  // namespace
}  // namespace grpo::kernels
