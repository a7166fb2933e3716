#include "tests/kernels/cuda_testing.h"

namespace grpo::kernels {
namespace {

class CudaRmsNorm : public CudaTest {};
class CudaRope : public CudaTest {};
class CudaSwiglu : public CudaTest {};
class CudaEmbedding : public CudaTest {};
class CudaAdamw : public CudaTest {};

const std::pair<int64_t, int64_t> kShapes[] = {{1, 1}, {3, 16}, {5, 37}, {0, 8}, {513, 1027}};

TEST_F(CudaRmsNorm, MatchesCpu) {
  for (const auto& [rows, dim] : kShapes) {
    const auto x = random_floats(rows * dim, 1, 3.0f), weight = random_floats(dim, 2);
    std::vector<float> y(x.size()), inverse(rows);
    cpu::rms_norm_forward(x.data(), weight.data(), y.data(), inverse.data(), rows, dim, 1e-5f);
    const OnDevice<float> x_(x), weight_(weight), y_(rows * dim), inverse_(rows);
    expect_ok(cuda::api().rms_norm_forward(x_, weight_, y_, inverse_, rows, dim, 1e-5f, nullptr));
    expect_close(y_.values(), y, kSameArithmetic);
    expect_close(inverse_.values(), inverse, kSameArithmetic);

    const auto dy = random_floats(rows * dim, 3);
    auto dweight = random_floats(dim, 4);
    const OnDevice<float> dy_(dy), dx_(rows * dim), dweight_(dweight);
    std::vector<float> dx(x.size());
    cpu::rms_norm_backward(dy.data(), x.data(), weight.data(), inverse.data(), dx.data(),
                           dweight.data(), rows, dim);
    expect_ok(cuda::api().rms_norm_backward(dy_, x_, weight_, inverse_, dx_, dweight_, rows, dim,
                                            nullptr));
    expect_close(dx_.values(), dx, kSameArithmetic);
    expect_close(dweight_.values(), dweight, kSameArithmetic);
  }
}

TEST_F(CudaRmsNorm, ARowDoesNotDependOnItsNeighbours) {
  constexpr int64_t kRows = 33, kDim = 80;
  const OnDevice<float> x(random_floats(kRows * kDim, 1)), weight(random_floats(kDim, 2));
  const OnDevice<float> all(kRows * kDim), alone(kRows * kDim);
  const auto& api = cuda::api();
  expect_ok(api.rms_norm_forward(x, weight, all, nullptr, kRows, kDim, 1e-5f, nullptr));
  for (int64_t r = 0; r < kRows; ++r) {
    expect_ok(api.rms_norm_forward(x + r * kDim, weight, alone + r * kDim, nullptr, 1, kDim, 1e-5f,
                                   nullptr));
  }
  EXPECT_TRUE(same_bits(all.values(), alone.values()));
}

TEST_F(CudaRope, MatchesCpu) {
  constexpr int64_t kTokens = 67, kHeads = 5, kHeadDim = 80, kPositions = 100;
  std::vector<int32_t> position(kTokens);
  for (int32_t t = 0; t < kTokens; ++t) position[t] = t * 31 % kPositions;
  const OnDevice<int32_t> position_(position);
  for (const int64_t rotary : {2, 26, 80}) {
    for (const bool interleaved : {false, true}) {
      for (const bool inverse : {false, true}) {
        const auto cos = random_floats(kPositions * rotary / 2, 1);
        const auto sin = random_floats(kPositions * rotary / 2, 2);
        auto x = random_floats(kTokens * kHeads * kHeadDim, 3);
        const OnDevice<float> cos_(cos), sin_(sin), x_(x);
        cpu::rope(x.data(), cos.data(), sin.data(), position.data(), kTokens, kHeads, kHeadDim,
                  kHeadDim - rotary, rotary, interleaved, inverse);
        expect_ok(cuda::api().rope(x_, cos_, sin_, position_, kTokens, kHeads, kHeadDim,
                                   kHeadDim - rotary, rotary, interleaved, inverse, nullptr));
        expect_close(x_.values(), x, kSameArithmetic);
      }
    }
  }
}

TEST_F(CudaSwiglu, MatchesCpu) {
  for (const int64_t n : {0, 1, 255, 100003}) {
    const auto gate = random_floats(n, 1, 90.0f), up = random_floats(n, 2);
    const auto dy = random_floats(n, 3);
    std::vector<float> y(n), dgate(n), dup(n);
    cpu::swiglu_forward(gate.data(), up.data(), y.data(), n);
    cpu::swiglu_backward(dy.data(), gate.data(), up.data(), dgate.data(), dup.data(), n);
    const OnDevice<float> gate_(gate), up_(up), dy_(dy), y_(n);
    expect_ok(cuda::api().swiglu_forward(gate_, up_, y_, n, nullptr));
    expect_close(y_.values(), y, kSameArithmetic);
    // In place, as the header allows.
    expect_ok(cuda::api().swiglu_backward(dy_, gate_, up_, gate_, up_, n, nullptr));
    expect_close(gate_.values(), dgate, kSameArithmetic);
    expect_close(up_.values(), dup, kSameArithmetic);
  }
}

TEST_F(CudaEmbedding, MatchesCpu) {
  constexpr int64_t kVocab = 50, kDim = 1027, kTokens = 301;
  std::vector<int32_t> ids(kTokens);
  for (int32_t t = 0; t < kTokens; ++t) ids[t] = t * t % kVocab;
  auto table = random_floats(packed_size(kVocab, kDim), 1);
  const auto dy = random_floats(kTokens * kDim, 2);
  std::vector<float> y(kTokens * kDim);
  const OnDevice<int32_t> ids_(ids);
  const OnDevice<float> table_(table), dy_(dy), y_(kTokens * kDim);
  cpu::embedding_forward(table.data(), ids.data(), 1.7f, y.data(), kTokens, kDim);
  expect_ok(cuda::api().embedding_forward(table_, ids_, 1.7f, y_, kTokens, kDim, nullptr));
  expect_close(y_.values(), y, kSameArithmetic);
  cpu::embedding_backward(dy.data(), ids.data(), 1.7f, table.data(), kTokens, kDim);
  expect_ok(cuda::api().embedding_backward(dy_, ids_, 1.7f, table_, kTokens, kDim, nullptr));
  expect_close(table_.values(), table, kSameArithmetic);
}

TEST_F(CudaAdamw, MatchesCpu) {
  constexpr int64_t kCount = 100003;
  const AdamwStep step{.learning_rate = 1e-2f,
                       .beta2 = 0.95f,
                       .weight_decay = 0.1f,
                       .bias1 = 0.19f,
                       .bias2 = 0.0975f,
                       .grad_scale = 0.3f};
  const auto grad = random_floats(kCount, 1);
  auto parameter = random_floats(kCount, 2), moment1 = random_floats(kCount, 3);
  auto moment2 = random_floats(kCount, 4);
  for (float& value : moment2) value = std::fabs(value);
  const OnDevice<float> grad_(grad), parameter_(parameter), moment1_(moment1), moment2_(moment2);
  cpu::adamw(parameter.data(), grad.data(), moment1.data(), moment2.data(), kCount, step);
  expect_ok(cuda::api().adamw(parameter_, grad_, moment1_, moment2_, kCount, step, nullptr));
  expect_close(parameter_.values(), parameter, kSameArithmetic);
  expect_close(moment1_.values(), moment1, kSameArithmetic);
  expect_close(moment2_.values(), moment2, kSameArithmetic);
}

TEST_F(CudaAdamw, SquaredNormMatchesCpu) {
  for (const int64_t n : {0, 1, 16384, 16385, 300007}) {
    const auto x = random_floats(n, 1, 100.0f);
    const OnDevice<float> x_(x);
    const OnDevice<double> norm(1);
    expect_ok(cuda::api().squared_norm(x_, n, norm, nullptr));
    // Sums of products that are exact in double, in the CPU's order.
    EXPECT_EQ(norm.values()[0], cpu::squared_norm(x.data(), n)) << n;
  }
}

}  // namespace
}  // namespace grpo::kernels
