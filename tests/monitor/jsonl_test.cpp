#include "monitor/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo::monitor {
namespace {

using Open = JsonlFile::Open;

TEST(Jsonl, StepIsTheFirstKeyOfEachLine) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "metrics.jsonl";
  JsonlFile file(path, Open::create);
  Record record{1, {}};
  record.set("z", 0.1);
  record.set("a\"b", -INFINITY);
  record.set("z", 0.5);
  file.write(record);
  file.write(2, OrderedJson{{"text", "x\ny"}});
  file.write(3, OrderedJson::object());
  EXPECT_EQ(read_file(path),
            "{\"step\":1,\"z\":0.5,\"a\\\"b\":\"-inf\"}\n{\"step\":2,\"text\":\"x\\ny\"}\n{"
            "\"step\":3}\n");
  EXPECT_THAT(test::error_of(
                  [&] {
                    file.write(4, OrderedJson{{"step", 1}});
                  },
                  1),
              testing::HasSubstr("without its own step"));
}

TEST(Jsonl, ResumeCutsWhatTheCheckpointDoesNotKnow) {
  const test::TemporaryFolder folder;
  const auto path =
      folder.file("m.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"step\":2}\n{\"step\":3}\n{\"st");
  {
    JsonlFile file(path, Open::resume, 2);
    file.write(3, OrderedJson{{"again", true}});
  }
  EXPECT_EQ(read_file(path),
            "{\"step\":1}\n{\"step\":2}\n{\"step\":2}\n{\"step\":3,\"again\":true}\n");
  { const JsonlFile file(path, Open::resume, 0); }
  EXPECT_EQ(read_file(path), "");
}

TEST(Jsonl, ResumeDropsAnUnfinishedLine) {
  const test::TemporaryFolder folder;
  const auto path = folder.file("m.jsonl", "{\"step\":1}\n{\"step\":2}");
  { const JsonlFile file(path, Open::resume, 5); }
  EXPECT_EQ(read_file(path), "{\"step\":1}\n");
  { const JsonlFile file(folder.path() / "new.jsonl", Open::resume, 5); }
  EXPECT_EQ(read_file(folder.path() / "new.jsonl"), "");
}

TEST(Jsonl, TellsWhichStepItsKeptLinesEndWith) {
  const test::TemporaryFolder folder;
  const auto file = folder.file("metrics.jsonl", "{\"step\":0}\n{\"step\":2}\n{\"step\":5}\n");
  EXPECT_EQ(JsonlFile(file, Open::resume, 4).last_kept(), 2);
  EXPECT_EQ(JsonlFile(folder.path() / "none", Open::resume, 4).last_kept(), std::nullopt);
}

TEST(Jsonl, ForeignFilesAreLeftAlone) {
  const test::TemporaryFolder folder;
  const auto used = folder.file("used.jsonl", "{\"step\":1}\n");
  EXPECT_THAT(test::error_of([&] { JsonlFile(used, Open::create); }, 2),
              testing::HasSubstr("another run"));
  const auto broken = folder.file("broken.jsonl", "{\"step\":1}\nhello\n");
  EXPECT_THAT(test::error_of([&] { JsonlFile(broken, Open::resume, 9); }, 2),
              testing::HasSubstr("broken.jsonl:2: "));
  const auto backwards = folder.file("back.jsonl", "{\"step\":2}\n{\"step\":1}\n");
  EXPECT_THAT(test::error_of([&] { JsonlFile(backwards, Open::resume, 9); }, 2),
              testing::HasSubstr("back.jsonl:2: step 1 follows step 2"));
  EXPECT_EQ(read_file(backwards), "{\"step\":2}\n{\"step\":1}\n");
}

}  // namespace
}  // namespace grpo::monitor
