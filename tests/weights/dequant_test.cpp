#include "policy/weights/dequant.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

TEST(GoldenDequant, BlocksGiveTheValuesOfTheGgufPackage) {
  const auto blocks = nlohmann::json::parse(slurp(golden("blocks.json")));
  ASSERT_EQ(blocks.size(), 10u);
  for (const auto& [name, block] : blocks.items()) {
    const auto type = from_gguf_type(block["type"].get<uint32_t>());
    ASSERT_TRUE(type.has_value()) << name;
    const auto bytes = block["bytes"].get<std::vector<uint8_t>>();
    const auto want = block["values"].get<std::vector<float>>();
    ASSERT_EQ(stored_bytes(*type, static_cast<int64_t>(want.size())),
              static_cast<int64_t>(bytes.size()));
    std::vector<float> got(want.size());
    dequantize(*type, reinterpret_cast<const std::byte*>(bytes.data()),
               static_cast<int64_t>(want.size()), got.data());
    EXPECT_EQ(got, want) << name;
  }
}

TEST(Dequant, PartOfABlockIsRefused) {
  const std::vector<std::byte> bytes(34);
  std::vector<float> out(32);
  EXPECT_ANY_THROW(dequantize(StoredType::kQ8_0, bytes.data(), 16, out.data()));
}

TEST(FloatBits, HalfGoesThereAndBackForEveryPattern) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value))));
    } else {
      ASSERT_EQ(float_to_half(value), half);
    }
  }
}

TEST(FloatBits, HalfHasItsKnownValues) {
  EXPECT_EQ(half_to_float(0x3c00), 1.0f);
  EXPECT_EQ(half_to_float(0xc000), -2.0f);
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(half_to_float(0x7c00), std::numeric_limits<float>::infinity());
}

TEST(FloatBits, NarrowingRoundsToNearestEven) {
  EXPECT_EQ(float_to_half(1.0f + 0x1p-11f), 0x3c00);      // tie, down to even
  EXPECT_EQ(float_to_half(1.0f + 3 * 0x1p-11f), 0x3c02);  // tie, up to even
  EXPECT_EQ(float_to_half(65519.0f), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(0x1p-25f), 0x0000);  // tie with zero
  EXPECT_EQ(float_to_half(0x1.8p-25f), 0x0001);
  EXPECT_EQ(float_to_half(std::nextafter(0x1p-14f, 0.0f)), 0x0400);
  EXPECT_EQ(float_to_bfloat16(1.0f + 0x1p-8f), 0x3f80);      // tie, down to even
  EXPECT_EQ(float_to_bfloat16(1.0f + 3 * 0x1p-8f), 0x3f82);  // tie, up to even
  EXPECT_EQ(float_to_bfloat16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
}

TEST(FloatBits, E4m3HasItsKnownValues) {
  EXPECT_EQ(e4m3_to_float(0x38), 1.0f);
  EXPECT_EQ(e4m3_to_float(0x7e), 448.0f);
  EXPECT_EQ(e4m3_to_float(0x01), 0x1p-9f);
  EXPECT_EQ(e4m3_to_float(0xb8), -1.0f);
  EXPECT_TRUE(std::isnan(e4m3_to_float(0x7f)));
  EXPECT_TRUE(std::isnan(e4m3_to_float(0xff)));
}

}  // namespace
}  // namespace grpo::policy
