// The bodies of the CUDA kernels as host code (kernels/lanes.h): the bits of the CPU kernels. What
// this leaves to a GPU is how items are spread over threads: tests/kernels/cuda_*_test.cpp.

#include "kernels/adamw_body.h"
#include "kernels/embedding.h"
#include "kernels/embedding_body.h"
#include "kernels/rms_norm.h"
#include "kernels/rms_norm_body.h"
#include "kernels/rope.h"
#include "kernels/rope_body.h"
#include "kernels/swiglu.h"
#include "kernels/swiglu_body.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

const std::pair<int64_t, int64_t> kShapes[] = {{1, 1}, {3, 16}, {5, 37}, {0, 8}, {7, 576}};

TEST(RmsNormBody, HasTheBitsOfTheCpuKernel) {
  for (const auto& [rows, dim] : kShapes) {
    const auto x = random_floats(rows * dim, 1, 3.0f), weight = random_floats(dim, 2);
    std::vector<float> want(x.size()), want_inverse(rows), got(x.size()), got_inverse(rows);
    cpu::rms_norm_forward(x.data(), weight.data(), want.data(), want_inverse.data(), rows, dim,
                          1e-5f);
    for (int64_t r = 0; r < rows; ++r) {
      cuda::rms_norm_row(x.data() + r * dim, weight.data(), got.data() + r * dim, &got_inverse[r],
                         dim, 1e-5f);
    }
    EXPECT_TRUE(same_bits(got, want)) << rows << " x " << dim;
    EXPECT_TRUE(same_bits(got_inverse, want_inverse));
  }
}

TEST(RmsNormBody, GradientHasTheBitsOfTheCpuKernel) {
  for (const auto& [rows, dim] : kShapes) {
    const auto x = random_floats(rows * dim, 1, 3.0f), dy = random_floats(rows * dim, 3);
    const auto weight = random_floats(dim, 2), inverse = random_floats(rows, 4);
    std::vector<float> want(x.size()), got(x.size());
    auto want_weight = random_floats(dim, 5), got_weight = want_weight;
    cpu::rms_norm_backward(dy.data(), x.data(), weight.data(), inverse.data(), want.data(),
                           want_weight.data(), rows, dim);
    for (int64_t r = 0; r < rows; ++r) {
      cuda::rms_norm_grad_row(dy.data() + r * dim, x.data() + r * dim, weight.data(), inverse[r],
                              got.data() + r * dim, dim);
    }
    for (int64_t j = 0; j < dim; ++j) {
      cuda::rms_norm_grad_weight(dy.data(), x.data(), inverse.data(), got_weight.data(), j, rows,
                                 dim);
    }
    EXPECT_TRUE(same_bits(got, want)) << rows << " x " << dim;
    EXPECT_TRUE(same_bits(got_weight, want_weight)) << rows << " x " << dim;
  }
}

TEST(RopeBody, HasTheBitsOfTheCpuKernel) {
  constexpr int64_t kTokens = 5, kHeads = 3, kHeadDim = 24, kPositions = 9;
  const std::vector<int32_t> position = {0, 8, 3, 4, 8};
  for (const int64_t rotary : {2, 10, 24}) {
    for (const bool interleaved : {false, true}) {
      for (const bool inverse : {false, true}) {
        const int64_t skip = kHeadDim - rotary;
        const auto cos = random_floats(kPositions * rotary / 2, 1);
        const auto sin = random_floats(kPositions * rotary / 2, 2);
        auto want = random_floats(kTokens * kHeads * kHeadDim, 3), got = want;
        cpu::rope(want.data(), cos.data(), sin.data(), position.data(), kTokens, kHeads, kHeadDim,
                  skip, rotary, interleaved, inverse);
        for (int64_t i = 0; i < kTokens * kHeads * rotary / 2; ++i) {
          cuda::rope_pair(got.data(), cos.data(), sin.data(), position.data(), i, kHeads, kHeadDim,
                          skip, rotary, interleaved, inverse);
        }
        EXPECT_TRUE(same_bits(got, want)) << rotary << interleaved << inverse;
      }
    }
  }
}

TEST(SwigluBody, HasTheBitsOfTheCpuKernel) {
  auto gate = random_floats(1003, 1, 20.0f);
  gate[5] = -200.0f;
  gate[6] = 200.0f;
  gate[7] = -0.0f;
  const auto up = random_floats(1003, 2), dy = random_floats(1003, 3);
  std::vector<float> want(3 * gate.size()), got(want.size());
  const auto n = static_cast<int64_t>(gate.size());
  cpu::swiglu_forward(gate.data(), up.data(), want.data(), n);
  cpu::swiglu_backward(dy.data(), gate.data(), up.data(), want.data() + n, want.data() + 2 * n, n);
  for (int64_t i = 0; i < n; ++i) {
    got[i] = cuda::swiglu_value(gate[i], up[i]);
    cuda::swiglu_grad(dy[i], gate[i], up[i], &got[n + i], &got[2 * n + i]);
  }
  EXPECT_TRUE(same_bits(got, want));
}

TEST(EmbeddingBody, HasTheBitsOfTheCpuKernel) {
  constexpr int64_t kVocab = 50, kDim = 37, kTokens = 6;
  const std::vector<int32_t> ids = {0, 49, 17, 17, 16, 0};
  auto table = random_floats(packed_size(kVocab, kDim), 1);
  const auto dy = random_floats(kTokens * kDim, 2);
  std::vector<float> want(kTokens * kDim), got(want.size());
  cpu::embedding_forward(table.data(), ids.data(), 1.7f, want.data(), kTokens, kDim);
  for (int64_t t = 0; t < kTokens; ++t) {
    cuda::embedding_row(table.data(), ids[t], 1.7f, got.data() + t * kDim, kDim);
  }
  EXPECT_TRUE(same_bits(got, want));
  auto gradient = table;
  cpu::embedding_backward(dy.data(), ids.data(), 1.7f, table.data(), kTokens, kDim);
  for (int64_t i = 0; i < kDim; ++i) {
    cuda::embedding_grad_column(dy.data(), ids.data(), 1.7f, gradient.data(), i, kTokens, kDim);
  }
  EXPECT_TRUE(same_bits(gradient, table));
}

TEST(AdamwBody, HasTheBitsOfTheCpuKernel) {
  constexpr int64_t kCount = 1001;
  const AdamwStep step{.learning_rate = 1e-2f,
                       .beta2 = 0.95f,
                       .weight_decay = 0.1f,
                       .bias1 = 0.19f,
                       .bias2 = 0.0975f,
                       .grad_scale = 0.3f};
  const auto grad = random_floats(kCount, 1);
  auto want = random_floats(3 * kCount, 2);
  for (int64_t i = 2 * kCount; i < 3 * kCount; ++i) want[i] = std::fabs(want[i]);  // moment2
  auto got = want;
  cpu::adamw(want.data(), grad.data(), want.data() + kCount, want.data() + 2 * kCount, kCount,
             step);
  for (int64_t i = 0; i < kCount; ++i) {
    cuda::adamw_value(&got[i], grad[i], &got[kCount + i], &got[2 * kCount + i], step);
  }
  EXPECT_TRUE(same_bits(got, want));
}

TEST(SquaredNormBody, HasTheBitsOfTheCpuKernel) {
  for (const int64_t n : {0, 1, 15, 16, 16384, 16385, 40007}) {
    const auto x = random_floats(n, 1, 100.0f);
    double sum = 0;
    for (int64_t begin = 0; begin < n; begin += cuda::kNormBlock) {
      sum += cuda::squared_norm_block(x.data() + begin, std::min(n - begin, cuda::kNormBlock));
    }
    EXPECT_EQ(sum, cpu::squared_norm(x.data(), n)) << n;
  }
}

}  // namespace
}  // namespace grpo::kernels
