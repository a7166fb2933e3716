#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

TEST(Log, OneEventIsOneLineWithLevelAndRank) {
  const test::TemporaryFolder folder;
  const auto file = folder.file("log.txt", "before\n");
  LogOptions options;
  options.rank = 1;
  options.num_ranks = 2;
  options.file = file;
  configure_log(options);
  testing::internal::CaptureStderr();
  log_debug("hidden");
  log_warning("two\nlines: {}", 5);
  const std::string shown = testing::internal::GetCapturedStderr();
  configure_log({});
  EXPECT_THAT(shown, testing::MatchesRegex("[0-9:]+ warning \\[rank 1\\] two lines: 5\n"));
  EXPECT_EQ(read_file(file), "before\n" + shown);
}

TEST(Log, QuietKeepsWarnings) {
  LogOptions options;
  options.least = LogLevel::warning;
  configure_log(options);
  testing::internal::CaptureStderr();
  log_info("hidden");
  log_error("shown");
  const std::string shown = testing::internal::GetCapturedStderr();
  configure_log({});
  EXPECT_THAT(shown, testing::MatchesRegex("[0-9:]+ error shown\n"));
}

TEST(Log, FileThatCannotBeOpenedIsNamed) {
  LogOptions options;
  options.file = "/nonexistent/log.txt";
  EXPECT_THROW(configure_log(options), Error);
  configure_log({});
}

}  // namespace
}  // namespace grpo
