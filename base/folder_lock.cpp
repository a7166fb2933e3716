#include "base/folder_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/log.h"

namespace grpo {

FolderLock::~FolderLock() {
  if (fd_ >= 0) ::close(fd_);
}

bool FolderLock::take(const std::filesystem::path& folder) {
  check(fd_ < 0, "{}: this lock is taken already", folder.string());
  const auto file = folder / ".lock";
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  check(fd_ >= 0, "{}: cannot open: {}", file.string(), std::strerror(errno));
  int result = 0;
  do {
    result = ::flock(fd_, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return true;
  if (errno != EWOULDBLOCK) {
    log_warning("{}: cannot be locked ({}): do not let two processes use this folder",
                file.string(), std::strerror(errno));
    return true;
  }
  ::close(fd_);
  fd_ = -1;
  return false;
}

}  // namespace grpo
