#include "monitor/tensorboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace grpo::monitor {
namespace {

TEST(Tensorboard, Crc32cGivesTheCheckValue) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(""), 0u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
}

TEST(GoldenTensorboard, BytesEqualThoseOfThePythonWriter) {
  constexpr double kTime = 1700000000.25;
  Record first{300, {}};
  first.set("reward/mean", 0.1);
  first.set("actor/grad_norm", -std::numeric_limits<double>::infinity());
  first.set("zero", 0);
  Record second{0, {}};
  std::string tag;
  for (int i = 0; i < 100; ++i) tag += "ü";
  second.set(tag, -2.5);
  const std::string bytes = frame_record(encode_version_event(kTime)) +
                            frame_record(encode_restart_event(kTime + 1, 5)) +
                            frame_record(encode_scalars_event(kTime + 2, first)) +
                            frame_record(encode_scalars_event(kTime + 3, second));
  EXPECT_EQ(bytes, read_file(GRPO_SOURCE_DIR "/tests/golden/tensorboard/events.bin"));
}

TEST(Tensorboard, EventFileHoldsFramedRecords) {
  const test::TemporaryFolder folder;
  const auto logs = folder.path() / "new" / "logs";
  EventFile first(logs);
  const EventFile second(logs, 3);
  EXPECT_NE(first.path(), second.path());
  EXPECT_THAT(first.path().filename().string(), testing::StartsWith("events.out.tfevents."));
  Record record{1, {}};
  record.set("a", 1);
  first.write(record);

  std::string rest = read_file(first.path());
  std::vector<std::size_t> sizes;
  while (!rest.empty()) {
    ASSERT_GE(rest.size(), 16u);
    const auto size = static_cast<unsigned char>(rest[0]);
    const auto frame = frame_record(std::string_view(rest).substr(12, size));
    EXPECT_EQ(rest.substr(0, frame.size()), frame);
    sizes.push_back(size);
    rest.erase(0, frame.size());
  }
  EXPECT_EQ(sizes.size(), 2u);
}

}  // namespace
}  // namespace grpo::monitor
