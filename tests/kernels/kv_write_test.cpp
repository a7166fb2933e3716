#include "kernels/attention.h"
#include "tests/kernels/kernel_testing.h"

namespace grpo::kernels {
namespace {

TEST(KvWrite, KeysStandTransposedAndValuesPlainly) {
  constexpr int64_t kKvHeads = 2, kDim = 3, kVDim = 4, kPages = 3;
  const std::vector<int64_t> slots = {2 * 16 + 5, 0 * 16 + 15};
  const auto k = random_floats(2 * kKvHeads * kDim, 1);
  const auto v = random_floats(2 * kKvHeads * kVDim, 2);
  const std::vector<float> untouched(kPages * kKvHeads * (kDim + kVDim) * kPageSize, 7.0f);
  const size_t values = kPages * kKvHeads * kDim * kPageSize;  // keys first, then values
  const auto got = same_everywhere([&] {
    auto pages = untouched;
    cpu::kv_write(k.data(), v.data(), slots.data(), pages.data(), pages.data() + values, 2,
                  kKvHeads, kDim, kVDim);
    return pages;
  });
  auto want = untouched;
  for (int64_t t = 0; t < 2; ++t) {
    const int64_t page = slots[t] / 16, lane = slots[t] % 16;
    for (int64_t h = 0; h < kKvHeads; ++h) {
      for (int64_t d = 0; d < kDim; ++d) {
        want[((page * kKvHeads + h) * kDim + d) * 16 + lane] = k[(t * kKvHeads + h) * kDim + d];
      }
      for (int64_t d = 0; d < kVDim; ++d) {
        want[values + ((page * kKvHeads + h) * 16 + lane) * kVDim + d] =
            v[(t * kKvHeads + h) * kVDim + d];
      }
    }
  }
  EXPECT_TRUE(same_bits(got, want));
}

}  // namespace
}  // namespace grpo::kernels
