#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <ostream>
#include <stdexcept>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

namespace fs = std::filesystem;

std::size_t count_entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(File, MappedFileShowsTheBytes) {
  const test::TemporaryFolder folder;
  const MappedFile mapped(folder.file("a", std::string_view("x\0y", 3)));
  EXPECT_EQ(mapped.text(), std::string_view("x\0y", 3));
  EXPECT_TRUE(MappedFile(folder.file("empty", "")).bytes().empty());
}

TEST(File, ReleasedPagesAreReadAgain) {
  const test::TemporaryFolder folder;
  const std::string bytes(10000, 'x');
  const MappedFile mapped(folder.file("a", bytes));
  EXPECT_EQ(mapped.text(), bytes);
  release_pages(mapped.bytes().subspan(100, 9000));
  release_pages({});
  EXPECT_EQ(mapped.text(), bytes);
}

TEST(File, MappedFileCanBeMoved) {
  const test::TemporaryFolder folder;
  MappedFile a(folder.file("a", "one"));
  MappedFile b = std::move(a);
  EXPECT_EQ(b.text(), "one");
  b = MappedFile(folder.file("b", "two"));
  EXPECT_EQ(b.text(), "two");
}

TEST(File, WhatCannotBeReadIsNamed) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(test::error_of([] { MappedFile("/nonexistent"); }, 1),
            "/nonexistent: cannot open: No such file or directory");
  EXPECT_EQ(test::error_of([&] { MappedFile mapped(folder.path()); }, 1),
            folder.path().string() + ": not a regular file");
  const auto file = folder.file("a", "12345");
  EXPECT_EQ(read_file(file, 5), "12345");
  EXPECT_EQ(test::error_of([&] { read_file(file, 4); }, 1),
            file.string() + ": longer than 4 bytes");
}

TEST(File, AtomicWriteReplacesTheFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  write_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
  const std::string large(1 << 20, 'x');
  write_atomically(path, [&](std::ostream& out) { out << "head\n" << large << 1 << large; });
  EXPECT_EQ(read_file(path), "head\n" + large + "1" + large);
  EXPECT_EQ(count_entries(folder.path()), 1u);
}

TEST(File, FailedWriteLeavesTheOldFileAndNoTemporary) {
  const test::TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  EXPECT_THROW(write_atomically(path,
                                [](std::ostream& out) {
                                  out << std::string(1 << 20, 'x');
                                  throw std::runtime_error("stop");
                                }),
               std::runtime_error);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(count_entries(folder.path()), 1u);
  const auto missing = folder.path() / "no" / "a";
  EXPECT_THAT(test::error_of([&] { write_atomically(missing, "x"); }, 1),
              testing::HasSubstr("No such file or directory"));
}

TEST(File, FullDiskIsReportedAndCleanedUp) {
  // A file-size limit stands in for a full disk: write(2) fails in the middle of the data.
  const test::TemporaryFolder folder;
  const auto path = folder.file("a", "old");
  EXPECT_EXIT(
      {
        ::signal(SIGXFSZ, SIG_IGN);
        rlimit limit;
        limit.rlim_cur = limit.rlim_max = 4096;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        try {
          write_atomically(path, std::string(1 << 20, 'x'));
        } catch (const Error& error) {
          const bool named =
              std::string(error.what()) == path.string() + ": cannot write: File too large";
          const bool clean = read_file(path) == "old" && count_entries(folder.path()) == 1;
          ::_exit(named && clean ? 0 : 1);
        }
        ::_exit(2);
      },
      testing::ExitedWithCode(0), "");
}

TEST(File, FolderAppearsWholeOrNotAtAll) {
  const test::TemporaryFolder folder;
  const auto dir = folder.path() / "step-1";
  const auto fill = [](const fs::path& tmp) {
    fs::create_directory(tmp / "sub");
    std::ofstream(tmp / "sub" / "a") << "1";
  };
  EXPECT_THROW(write_folder_atomically(dir,
                                       [&](const fs::path& tmp) {
                                         fill(tmp);
                                         throw std::runtime_error("stop");
                                       }),
               std::runtime_error);
  EXPECT_EQ(count_entries(folder.path()), 0u);
  write_folder_atomically(dir, fill);
  EXPECT_EQ(read_file(dir / "sub" / "a"), "1");
  EXPECT_EQ(count_entries(folder.path()), 1u);
  EXPECT_EQ(test::error_of([&] { write_folder_atomically(dir, fill); }, 1),
            dir.string() + ": exists already");
}

}  // namespace
}  // namespace grpo
