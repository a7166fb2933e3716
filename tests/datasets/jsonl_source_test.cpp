#include "datasets/jsonl_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <functional>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace grpo::datasets {
namespace {

using testing::HasSubstr;

/// Every test writes into a folder of its own: tests run side by side.
class JsonlSource : public testing::Test {
 protected:
  std::string written(const std::string& name, const std::string& bytes) const {
    return folder_.file(name, bytes).string();
  }

  std::string gzipped(const std::string& name, const std::string& bytes) const {
    const auto file = (folder_.path() / name).string();
    gzFile output = gzopen(file.c_str(), "wb");
    gzwrite(output, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(output);
    return file;
  }

 private:
  test::TemporaryFolder folder_;
};

std::string message_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "no error";
}

TEST_F(JsonlSource, ReadsPlainAndGzipAlike) {
  const std::string text = "{\"a\": 1}\n\n{\"a\": \"two\"}";
  const auto plain = read_rows(written("plain.jsonl", text));
  const auto zipped = read_rows(gzipped("zipped.jsonl.gz", text));
  ASSERT_EQ(plain.size(), 2u);
  ASSERT_EQ(zipped.size(), 2u);
  EXPECT_EQ(plain[1].text("a"), "two");
  EXPECT_EQ(zipped[1].text("a"), "two");
  EXPECT_TRUE(zipped[1].where().ends_with("zipped.jsonl.gz:3"));  // the blank line counts
}

TEST_F(JsonlSource, ErrorsNameFileLineAndField) {
  const auto file = written("errors.jsonl", "{\"a\": 1}\n{\"a\": [1], \"b\": null}\n");
  const auto rows = read_rows(file);
  EXPECT_THAT(message_of([&] { rows[1].answer("a"); }),
              HasSubstr(file + ":2: a: expected a text or a number, got"));
  EXPECT_THAT(message_of([&] { rows[0].text("a"); }),
              HasSubstr(file + ":1: a: expected a text, got the number 1"));
  EXPECT_THAT(message_of([&] { rows[1].text("b"); }), HasSubstr(file + ":2: b: required"));
  EXPECT_THAT(message_of([&] {
                rows[0].first_text({"x", "y"});
              }),
              HasSubstr(file + ":1: x | y: required"));
}

TEST_F(JsonlSource, RefusesWhatIsNotAnObjectAndEmptyFiles) {
  const auto list = written("list.jsonl", "{}\n[1, 2]\n");
  EXPECT_THAT(message_of([&] { read_rows(list); }), HasSubstr(list + ":2"));
  const auto empty = written("empty.jsonl", "\n");
  EXPECT_THAT(message_of([&] { read_rows(empty); }), HasSubstr("no rows"));
}

TEST_F(JsonlSource, NumbersOfAnswersKeepTheirSpelling) {
  const Row row(parse_json(R"({"i": 27, "d": 2.5})", "f:1"), "f:1");
  EXPECT_EQ(row.answer("i"), "27");
  EXPECT_EQ(row.answer("d"), "2.5");
}

TEST_F(JsonlSource, AnIdIsFoundOrMadeFromTheLine) {
  EXPECT_EQ(id_of(Row(Json{{"task_id", 11}}, "d/f.jsonl:3")), "11");
  EXPECT_EQ(id_of(Row(Json::object(), "d/f.jsonl:3")), "f.jsonl:3");
}

}  // namespace
}  // namespace grpo::datasets
