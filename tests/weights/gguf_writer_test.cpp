#include "policy/weights/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "policy/weights/gguf.h"
#include "policy/weights/llama3_rope.h"
#include "tests/support/expect_error.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using nlohmann::json;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST(GoldenQuantize, BytesAreThoseOfTheGgufPackage) {
  const auto expected = json::parse(slurp(golden("quantized.json")));
  const auto values = expected["values"].get<std::vector<float>>();
  for (const auto& [name, type] : {std::pair{"Q8_0", StoredType::kQ8_0},
                                   {"BF16", StoredType::kBf16},
                                   {"F16", StoredType::kF16}}) {
    std::vector<std::byte> bytes(
        static_cast<size_t>(stored_bytes(type, static_cast<int64_t>(values.size()))));
    quantize(type, values, bytes.data(), name);
    const auto want = expected[name].get<std::vector<uint8_t>>();
    ASSERT_EQ(bytes.size(), want.size()) << name;
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(std::to_integer<uint8_t>(bytes[i]), want[i]) << name << " byte " << i;
    }
  }
}

TEST(Quantize, QuantisingWhatWasQuantisedChangesNoByte) {
  std::vector<float> values(64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i * i)) * 3;
  std::vector<std::byte> once(68), twice(68);
  quantize(StoredType::kQ8_0, values, once.data(), "x");
  dequantize(StoredType::kQ8_0, once.data(), 64, values.data());
  quantize(StoredType::kQ8_0, values, twice.data(), "x");
  EXPECT_EQ(once, twice);
}

TEST(Quantize, NumbersBeyondTheTypeAreNamed) {
  const std::vector<float> big = {1, 70000};
  std::vector<std::byte> out(8);
  EXPECT_THAT(test::message_of([&] { quantize(StoredType::kF16, big, out.data(), "embed"); }),
              HasSubstr("embed: 70000 is beyond float16"));
  quantize(StoredType::kBf16, big, out.data(), "embed");
  const std::vector<float> infinite = {std::numeric_limits<float>::infinity(), 1};
  quantize(StoredType::kF16, infinite, out.data(), "embed");  // a diverged run can be saved
  EXPECT_THROW(quantize(StoredType::kQ8_0, big, out.data(), "embed"), Error);
  EXPECT_THROW(quantize(StoredType::kQ4K, big, out.data(), "embed"), Error);
}

TEST(GgufWriter, WhatIsWrittenIsReadBack) {
  const TemporaryFolder folder;
  GgufMetadata metadata;
  metadata.add_text("general.architecture", "llama");
  metadata.add_integer("u", 7);
  metadata.add_number("f", 1e-5);
  metadata.add_boolean("b", true);
  metadata.add_texts("words", {"a", "", "ü"});
  metadata.add_integers("types", {1, -3});
  metadata.add_numbers("scores", {0.5f, -2});
  EXPECT_THROW(metadata.add_integer("u", 8), Error);
  EXPECT_THROW(metadata.add_integer("negative", -1), Error);
  const std::vector<GgufSpec> specs = {{"one", StoredType::kF32, {3}},
                                       {"two", StoredType::kQ8_0, {2, 32}}};
  write_gguf_file(folder / "a.gguf", metadata, specs, [](const GgufSpec& spec, const auto& sink) {
    const std::vector<std::byte> half(spec.name == "one" ? 6 : 34, std::byte{1});
    sink(half);
    sink(half);
  });
  const GgufFile file(folder / "a.gguf");
  EXPECT_EQ(file.integer("u"), 7);
  EXPECT_EQ(file.number("f"), 1e-5);  // and not the double of its float32
  EXPECT_TRUE(file.boolean("b"));
  EXPECT_EQ(file.texts("words"), (std::vector<std::string_view>{"a", "", "ü"}));
  EXPECT_EQ(file.integers("types"), (std::vector<int64_t>{1, -3}));
  EXPECT_EQ(file.numbers("scores"), (std::vector<double>{0.5, -2}));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[1].shape, (std::vector<int64_t>{2, 32}));
  EXPECT_EQ(file.tensors()[1].bytes.size(), 68u);
  EXPECT_EQ(fs::file_size(folder / "a.gguf") % 32, 0u);
}

TEST(GgufWriter, TensorsThatDoNotFitAreNamed) {
  const TemporaryFolder folder;
  const auto write = [&](const GgufSpec& spec, size_t bytes) {
    return test::message_of([&] {
      write_gguf_file(folder / "a.gguf", {}, {spec}, [&](const GgufSpec&, const auto& sink) {
        sink(std::vector<std::byte>(bytes));
      });
    });
  };
  EXPECT_THAT(write({"t", StoredType::kF32, {2}}, 7), HasSubstr("t: expected 8 bytes, got 7"));
  EXPECT_THAT(write({"t", StoredType::kQ8_0, {2, 31}}, 0), HasSubstr("cannot be written as q8_0"));
  EXPECT_THAT(write({std::string(64, 'n'), StoredType::kF32, {1}}, 4), HasSubstr("too long"));
  EXPECT_FALSE(fs::exists(folder / "a.gguf"));
}

RopeConfig scaled(double theta, int64_t dims, double factor, double original, double high) {
  RopeConfig rope;
  rope.theta = theta;
  rope.rotary_dim = dims;
  rope.scaling = RopeScalingKind::kLlama3;
  rope.factor = factor;
  rope.original_context = original;
  rope.high_freq_factor = high;
  return rope;
}

TEST(Llama3Rope, FactorsFollowTheFormula) {
  // theta = 16, 4 dims: wavelengths 2 pi and 8 pi; 64 / 2 pi = 10.2 turns, 64 / 8 pi = 2.546.
  const auto factors = llama3_factors(scaled(16, 4, 8, 64, 4));
  const double keep = (64 / (8 * 3.14159265358979323846) - 1) / 3;
  ASSERT_EQ(factors.size(), 2u);
  EXPECT_EQ(factors[0], 1);
  EXPECT_NEAR(factors[1], 1 / ((1 - keep) / 8 + keep), 1e-15);
}

TEST(Llama3Rope, ScalingIsFoundFromFactorsInFloat32) {
  for (const RopeConfig& want : {scaled(500000, 128, 8, 8192, 4), scaled(500000, 64, 32, 8192, 4),
                                 scaled(10000, 64, 2.5, 2048, 4), scaled(1e6, 128, 4, 32768, 16)}) {
    RopeConfig file = want;
    file.scaling = RopeScalingKind::kNone;
    file.factor = 1;
    file.original_context = 0;
    file.high_freq_factor = 4;
    for (const double f : llama3_factors(want)) {
      file.frequency_factors.push_back(static_cast<float>(f));
    }
    const auto found = find_llama3(file);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, want);
    file.frequency_factors[3] *= 1.01;
    EXPECT_FALSE(find_llama3(file).has_value());
  }
}

}  // namespace
}  // namespace grpo::policy
