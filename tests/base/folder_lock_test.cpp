#include "base/folder_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

TEST(FolderLock, OneHolderAtATime) {
  const test::TemporaryFolder folder, other;
  FolderLock second;
  {
    FolderLock first, elsewhere;
    EXPECT_TRUE(first.take(folder.path()));
    EXPECT_FALSE(second.take(folder.path()));
    EXPECT_TRUE(elsewhere.take(other.path()));
  }
  EXPECT_TRUE(second.take(folder.path()));
}

TEST(FolderLock, AProcessThatIsKilledGivesItBack) {
  const test::TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    FolderLock lock;
    const char taken = lock.take(folder.path()) ? 'y' : 'n';
    if (write(ready[1], &taken, 1) == 1) pause();
    _exit(1);
  }
  char taken = 0;
  ASSERT_EQ(read(ready[0], &taken, 1), 1);
  EXPECT_EQ(taken, 'y');
  FolderLock lock;
  EXPECT_FALSE(lock.take(folder.path()));
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(lock.take(folder.path()));
  close(ready[0]);
  close(ready[1]);
}

TEST(FolderLock, NamesAFolderThatIsNotThere) {
  const test::TemporaryFolder folder;
  FolderLock lock;
  const auto what = test::error_of([&] { lock.take(folder.path() / "absent"); }, 1);
  EXPECT_THAT(what, ::testing::HasSubstr("absent/.lock: cannot open"));
}

}  // namespace
}  // namespace grpo
