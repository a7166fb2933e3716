#include "policy/weights/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}
std::string text(const std::string& s) { return raw<uint64_t>(s.size()) + s; }
std::string start(uint64_t tensors, uint64_t values) {
  return "GGUF" + raw<uint32_t>(3) + raw(tensors) + raw(values);
}
/// A tensor's row of the table: dims in the file's order, fastest first.
std::string entry(const std::string& name, const std::vector<uint64_t>& dims, uint32_t type,
                  uint64_t offset) {
  std::string out = text(name) + raw(static_cast<uint32_t>(dims.size()));
  for (const uint64_t size : dims) out += raw(size);
  return out + raw(type) + raw(offset);
}
std::string padded(std::string bytes, size_t data) {
  bytes.resize((bytes.size() + 31) / 32 * 32 + data, '\0');
  return bytes;
}

std::string open_error(const std::string& bytes) {
  const TemporaryFolder folder;
  spill(folder / "a.gguf", bytes);
  try {
    const GgufFile file(folder / "a.gguf");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Gguf, MetadataIsReadByType) {
  const TemporaryFolder folder;
  std::string bytes = start(0, 5);
  bytes += text("u") + raw<uint32_t>(4) + raw<uint32_t>(7);
  bytes += text("f") + raw<uint32_t>(6) + raw(1.5f);
  bytes += text("b") + raw<uint32_t>(7) + std::string(1, '\1');
  bytes += text("s") + raw<uint32_t>(8) + text("word");
  bytes +=
      text("list") + raw<uint32_t>(9) + raw<uint32_t>(8) + raw<uint64_t>(2) + text("a") + text("");
  spill(folder / "a.gguf", bytes);
  const GgufFile file(folder / "a.gguf");
  EXPECT_EQ(file.integer("u"), 7);
  EXPECT_EQ(file.number("u"), 7.0);
  EXPECT_EQ(file.number("f"), 1.5);
  EXPECT_TRUE(file.boolean("b"));
  EXPECT_EQ(file.text("s"), "word");
  EXPECT_EQ(file.texts("list"), (std::vector<std::string_view>{"a", ""}));
  EXPECT_EQ(file.array_size("list"), 2);
  EXPECT_EQ(file.find_integer("none"), std::nullopt);
  EXPECT_THROW(file.integer("f"), Error);
  EXPECT_THROW(file.integer("none"), Error);
  EXPECT_THROW(file.text("list"), Error);
}

TEST(Gguf, RulesOfTheFormatAreChecked) {
  EXPECT_EQ(open_error(padded(start(1, 0) + entry("t", {32, 2}, 8, 0), 68)), "");
  const std::pair<std::string, const char*> bad[] = {
      {"", "bytes expected"},
      {"GGML" + std::string(20, '\0'), "not a GGUF file"},
      {"GGUF" + raw<uint32_t>(1) + std::string(16, '\0'), "version 1"},
      {"GGUF" + raw<uint32_t>(3u << 24) + std::string(16, '\0'), "big-endian"},
      {start(0, UINT64_MAX), "do not fit"},
      {start(UINT64_MAX, 0), "do not fit"},
      {start(0, 1) + text("k") + raw<uint32_t>(9) + raw<uint32_t>(8) + raw<uint64_t>(1ull << 61),
       "do not fit"},
      {start(0, 1) + text("k") + raw<uint32_t>(8) + raw<uint64_t>(1ull << 63), "bytes expected"},
      {start(0, 1) + text("k") + raw<uint32_t>(9) + raw<uint32_t>(9) + raw<uint64_t>(1),
       "arrays of arrays"},
      {start(0, 1) + text("k") + raw<uint32_t>(13) + raw<uint64_t>(1), "value type 13"},
      {start(0, 2) + text("k") + raw<uint32_t>(4) + raw(1) + text("k") + raw<uint32_t>(4) + raw(1),
       "duplicate key"},
      {start(0, 1) + text("general.alignment") + raw<uint32_t>(4) + raw(24), "power of two"},
      {padded(start(1, 0) + entry("t", {31}, 8, 0), 68), "no whole blocks"},
      {padded(start(1, 0) + entry("t", {32}, 99, 0), 68), "tensor type 99"},
      {padded(start(1, 0) + entry("t", {32, 2}, 8, 32), 100), "offset 32, expected 0"},
      {padded(start(1, 0) + entry("t", {32, 2}, 8, 0), 67), "do not fit"},
      {padded(start(1, 0) + entry("t", {1ull << 40, 1ull << 40}, 0, 0), 68), "out of range"},
      {padded(start(1, 0) + entry("t", {0}, 0, 0), 68), "out of range"},
      {padded(start(1, 0) + entry("t", {1, 1, 1, 1, 1}, 0, 0), 68), "5 dimensions"},
      {padded(start(2, 0) + entry("t", {1}, 0, 0) + entry("t", {1}, 0, 32), 64),
       "duplicate tensor"},
      {padded(start(1, 0) + entry(std::string(64, 'n'), {1}, 0, 0), 64), "too long"},
  };
  for (const auto& [bytes, message] : bad) EXPECT_THAT(open_error(bytes), HasSubstr(message));
}

TEST(Gguf, DamagedFilesGiveErrorsOnly) {
  for (const char* name : {"mixtral_gguf/model.gguf", "deepseek_gguf/model.gguf"}) {
    const std::string bytes = slurp(golden(name));
    const TemporaryFolder folder;
    const auto file = folder / "a.gguf";
    feed_damaged(bytes, 2500, [&](const std::string& damaged) {
      spill(file, damaged);
      try {
        const auto reader = WeightReader::open(file);
        for (const auto& parameter : reader->parameters()) read_all(*reader, parameter.name);
      } catch (const Error&) {
      }
    });
  }
}

}  // namespace
}  // namespace grpo::policy
