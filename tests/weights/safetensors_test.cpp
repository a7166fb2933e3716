#include "policy/weights/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "policy/weights/safetensors_writer.h"
#include "tests/support/expect_error.h"
#include "tests/weights/support.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::string file_with(const std::string& header, size_t data_bytes) {
  const uint64_t size = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &size, 8);
  return bytes + header + std::string(data_bytes, 'x');
}

/// The message of the Error that opening these bytes throws; empty when it opens.
std::string open_error(const std::string& bytes) {
  const TemporaryFolder folder;
  spill(folder / "a.safetensors", bytes);
  try {
    const Safetensors file(folder / "a.safetensors");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Safetensors, RulesOfTheFormatAreChecked) {
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(open_error(file_with("{" + a + "}", 8)), "");
  EXPECT_EQ(open_error(file_with("{" + a + "}   ", 8)), "");
  EXPECT_EQ(open_error(file_with("{}", 0)), "");
  EXPECT_EQ(open_error(file_with(R"({"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})", 8)),
            "");
  EXPECT_EQ(open_error(file_with(R"({"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}})", 0)),
            "");
  const std::pair<std::string, const char*> bad[] = {
      {"", "too few"},
      {std::string(8, '\xff'), "does not fit"},
      {file_with("[]", 0), "does not begin"},
      {file_with("{" + a + "," + a + "}", 8), "a: duplicate key"},
      {file_with("{" + a + "}", 9), "1 bytes after the last tensor"},
      {file_with("{" + a + "}", 7), "a: data_offsets"},
      {file_with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12), "hole"},
      {file_with("{" + a + R"(,"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12),
       "overlap"},
      {file_with(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", 8), "dtype 'F31'"},
      {file_with(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8),
       "expected 12 bytes"},
      {file_with(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "out of range"},
      {file_with(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
                 8),
       "out of range"},
      {file_with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "data_offsets"},
      {file_with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8),
       "a: x: unknown"},
      {file_with(R"({"a":7})", 0), "a: JSON, byte 5: expected an object, got '7'"},
      {file_with(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       "a: dtype: duplicate key"},
      {file_with(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", 8), "a: shape: missing"},
      {file_with(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8), "an integer"},
      {file_with(R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}})", 1), "end on a byte"},
      {file_with(R"({"__metadata__":{"n":1}})", 0), "expected a string"},
      {file_with(R"({"__metadata__":{"n":"","n":""}})", 0), "__metadata__: n: duplicate key"},
      {file_with(R"({"__metadata__":{},"__metadata__":{}})", 0), "__metadata__: duplicate key"},
      {file_with("{" + a, 8), "expected ',' or '}', got the end"},
      {file_with("{}x", 0), "expected nothing more, got 'x'"},
  };
  for (const auto& [bytes, message] : bad) EXPECT_THAT(open_error(bytes), HasSubstr(message));
}

TEST(Safetensors, WriterAlignsAndReaderGivesTheBytesBack) {
  const TemporaryFolder folder;
  const auto file = folder / "a.safetensors";
  const std::vector<SafetensorsSpec> specs = {{"z.bf16", "BF16", {3}},
                                              {"byte", "U8", {1}},
                                              {"b.f32", "F32", {2, 2}},
                                              {"a.f32", "F32", {1}}};
  std::vector<std::string> order;
  write_safetensors(
      file, specs, {{"format", "pt"}}, [&](const SafetensorsSpec& spec, const ByteSink& sink) {
        order.push_back(spec.name);
        const std::string bytes(static_cast<size_t>(safetensors_bytes(spec)), spec.name[0]);
        sink(std::as_bytes(std::span(bytes)).first(1));  // in pieces
        sink(std::as_bytes(std::span(bytes)).subspan(1));
      });
  EXPECT_EQ(order, (std::vector<std::string>{"a.f32", "b.f32", "z.bf16", "byte"}));
  const Safetensors read(file);
  EXPECT_THAT(slurp(file), HasSubstr(R"({"__metadata__":{"format":"pt"},)"));
  EXPECT_EQ(read.tensors().size(), 4u);
  const auto* tensor = read.find("b.f32");
  ASSERT_NE(tensor, nullptr);
  EXPECT_THAT(tensor->shape, testing::ElementsAre(2, 2));
  EXPECT_EQ(tensor->bytes[15], std::byte{'b'});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->bytes.data()) % 4, 0u);
}

TEST(Safetensors, TensorsComeInTheOrderOfTheirBytesAndOutliveAMove) {
  const TemporaryFolder folder;
  spill(folder / "a", file_with(R"({"b":{"dtype":"U8","shape":[1,2],"data_offsets":[1,3]},)"
                                R"("\u0061":{"shape":[1],"data_offsets":[0,1],"dtype":"U8"}})",
                                3));
  Safetensors opened(folder / "a");
  const Safetensors file(std::move(opened));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[1].name, "b");
  EXPECT_EQ(file.find("a"), &file.tensors()[0]);
  EXPECT_THAT(file.find("b")->shape, testing::ElementsAre(1, 2));
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST(Safetensors, WriterRefusesATensorOfTheWrongSizeAndLeavesNoFile) {
  const TemporaryFolder folder;
  const auto short_source = [](const SafetensorsSpec&, const ByteSink& sink) {
    sink(std::vector<std::byte>(3));
  };
  EXPECT_THROW(write_safetensors(folder / "a", {{"x", "F32", {1}}}, {}, short_source), Error);
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
}

TEST(Safetensors, DamagedFilesGiveErrorsOnly) {
  const std::string bytes = slurp(golden("phi3/model.safetensors"));
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  feed_damaged(bytes, header + 8, [](const std::string& damaged) { open_error(damaged); });
}

TEST(Safetensors, IndexIsWrittenAndRead) {
  const TemporaryFolder folder;
  const auto fill = [](const SafetensorsSpec& spec, const ByteSink& sink) {
    sink(std::vector<std::byte>(static_cast<size_t>(safetensors_bytes(spec)), std::byte{1}));
  };
  write_sharded(folder / "", {{"a", "F32", {4}}, {"b", "F32", {4}}, {"c", "F32", {9}}}, 32, fill);
  const Safetensors read(folder / "");
  EXPECT_EQ(read.num_files(), 2u);
  EXPECT_EQ(read.find("b")->file->filename(), "model-00001-of-00002.safetensors");
  EXPECT_EQ(read.find("c")->file->filename(), "model-00002-of-00002.safetensors");
  const auto index = nlohmann::json::parse(slurp(folder / "model.safetensors.index.json"));
  EXPECT_EQ(index["metadata"]["total_size"], 68);

  spill(folder / "model.safetensors.index.json",
        R"({"weight_map":{"a":"../model-00001-of-00002.safetensors"}})");
  EXPECT_THROW(Safetensors(folder / ""), Error);
  spill(folder / "model.safetensors.index.json",
        R"({"weight_map":{"c":"model-00001-of-00002.safetensors"}})");
  EXPECT_THROW(Safetensors(folder / ""), Error);
}

TEST(Safetensors, AFaultyIndexIsNamed) {
  const TemporaryFolder folder;
  const auto fill = [](const SafetensorsSpec& spec, const ByteSink& sink) {
    sink(std::vector<std::byte>(static_cast<size_t>(safetensors_bytes(spec))));
  };
  write_sharded(folder / "", {{"a", "F32", {4}}, {"b", "F32", {4}}}, 16, fill);
  const std::string first = R"("model-00001-of-00002.safetensors")";
  const std::string second = R"("model-00002-of-00002.safetensors")";
  const std::string a = R"("a":)" + first, b = R"("b":)" + second;
  const auto error_of = [&](const std::string& index) {
    spill(folder / "model.safetensors.index.json", index);
    return test::message_of([&] { const Safetensors opened(folder / ""); });
  };
  EXPECT_EQ(error_of(R"({"weight_map":{)" + a + "," + b + R"(},"metadata":{"x":[1.5,{}]}})"), "");
  EXPECT_EQ(error_of(R"({ "weight_map" : { "\u0061": )" + first + "," + b + "} }"), "");
  const std::pair<std::string, const char*> bad[] = {
      {"", "expected an object, got the end"},
      {"{}", "weight_map: expected an object"},
      {R"({"weight_map":{}})", "weight_map: expected an object"},
      {R"({"weight_map":[]})", "weight_map: JSON, byte 14: expected an object, got '['"},
      {R"({"weight_map":{"a":1}})", "expected a string, got '1'"},
      {R"({"weight_map":{)" + a + "," + a + "}}", "weight_map: a: duplicate key"},
      {R"({"weight_map":{)" + a + R"(},"weight_map":{}})", "weight_map: duplicate key"},
      {R"({"weight_map":{)" + a + R"(},"metadata":{"x":01}})", "not JSON"},
      {R"({"weight_map":{)" + a + R"(},"metadata":{"x":1,"x":1}})", "x: duplicate key"},
      {R"({"weight_map":{"a":)" + first + R"(,"c":)" + second + "}}", "c: not there"},
      {R"({"weight_map":{"a":)" + second + "}}", "a: not there"},
      {R"({"weight_map":{"a":".."}})", "a: not a file of the folder: '..'"},
      {R"({"weight_map":{"a":"x\u0000"}})", "a: not a file of the folder"},
      {R"({"weight_map":{"a":"model-00003-of-00002.safetensors"}})", "cannot open"},
      {R"({"weight_map":{)" + a + "}} {}", "expected nothing more"},
  };
  for (const auto& [index, message] : bad) {
    EXPECT_THAT(error_of(index), HasSubstr(message)) << index;
  }
  fs::copy(folder / "model-00001-of-00002.safetensors", folder / "other.safetensors");
  EXPECT_THAT(error_of(R"({"weight_map":{)" + a + "," + R"("b":"other.safetensors"}})"),
              HasSubstr("other.safetensors: a: also in " +
                        (folder / "model-00001-of-00002.safetensors").string()));
}

}  // namespace
}  // namespace grpo::policy
