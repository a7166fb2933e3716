#include "base/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::vector<std::string> all_lines(const std::filesystem::path& file) {
  LineReader reader(file);
  std::vector<std::string> lines;
  while (const auto line = reader.next()) lines.emplace_back(*line);
  return lines;
}

TEST(LineReader, SplitsAtAnyLineEnd) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(all_lines(folder.file("a", "one\r\n\ntwo\nthree")),
              testing::ElementsAre("one", "", "two", "three"));
  EXPECT_THAT(all_lines(folder.file("b", "")), testing::IsEmpty());
  EXPECT_THAT(all_lines(folder.file("c", "x\n")), testing::ElementsAre("x"));
}

TEST(LineReader, ReadsGzipOfSeveralMembers) {
  const test::TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 200000; ++i) text += fmt::format("line {}\n", i % 7);
  const auto lines = all_lines(folder.file("a.gz", gzip(text) + gzip("last\n")));
  ASSERT_EQ(lines.size(), 200001u);
  EXPECT_EQ(lines[199999], fmt::format("line {}", 199999 % 7));
  EXPECT_EQ(lines.back(), "last");
}

TEST(LineReader, DamagedGzipIsAnError) {
  const test::TemporaryFolder folder;
  const std::string whole = gzip(std::string(100000, 'x') + "\nabc\n");
  for (std::size_t size = 2; size < whole.size(); ++size) {
    EXPECT_THAT(test::error_of([&] { all_lines(folder.file("a.gz", whole.substr(0, size))); }, 2),
                testing::HasSubstr("gzip stream is cut off"));
  }
  auto damaged = whole;
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  EXPECT_THAT(test::error_of([&] { all_lines(folder.file("b.gz", damaged)); }, 2),
              testing::HasSubstr("gzip stream is damaged"));
}

TEST(LineReader, LongLinesAreRefused) {
  const test::TemporaryFolder folder;
  LineReader reader(folder.file("a", "short\n" + std::string(100, 'x') + "\n"), 50);
  EXPECT_EQ(reader.next(), "short");
  EXPECT_THAT(test::error_of([&] { reader.next(); }, 2),
              testing::HasSubstr("a:2: line longer than 50 bytes"));
}

TEST(LineReader, AnswersBeforeTheWriterIsDone) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  LineReader reader(fmt::format("/dev/fd/{}", ends[0]));
  ASSERT_EQ(::write(ends[1], "{}\nhalf", 7), 7);
  EXPECT_EQ(reader.next(), "{}");  // the writing end is still open
  ::close(ends[1]);
  EXPECT_EQ(reader.next(), "half");
  EXPECT_EQ(reader.next(), std::nullopt);
  ::close(ends[0]);
}

TEST(JsonLines, ErrorsNameFileAndLine) {
  const test::TemporaryFolder folder;
  const auto file = folder.file("rows.jsonl", "{\"a\": 1}\n\n  \n{\"a\": }\n");
  JsonLines lines(file);
  EXPECT_EQ((*lines.next())["a"], 1);
  EXPECT_EQ(lines.where(), file.string() + ":1");
  EXPECT_THAT(test::error_of([&] { lines.next(); }, 2),
              testing::StartsWith(file.string() + ":4: "));
  EXPECT_THAT(test::error_of([] { JsonLines("/nonexistent"); }, 2),
              testing::HasSubstr("cannot open"));
}

}  // namespace
}  // namespace grpo
