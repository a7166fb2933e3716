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

TEST(Log, WhatTheTerminalHeardOtherwiseGoesToTheFileAlone) {
  const test::TemporaryFolder folder;
  testing::internal::CaptureStderr();
  log_to_file(LogLevel::error, "no file, nothing to do");
  configure_log({.least = LogLevel::warning, .file = folder.path() / "log.txt"});
  log_to_file(LogLevel::info, "hidden");
  log_to_file(LogLevel::error, "two\nlines");
  configure_log({});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(read_file(folder.path() / "log.txt"),
              testing::MatchesRegex("[0-9:]+ error two lines\n"));
}

TEST(Log, FileThatCannotBeOpenedIsNamed) {
  LogOptions options;
  options.file = "/nonexistent/log.txt";
  EXPECT_THROW(configure_log(options), Error);
  configure_log({});
}

}  // namespace
}  // namespace grpo
