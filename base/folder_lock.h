#pragma once

#include <filesystem>

namespace grpo {

/// One process's claim on a folder: flock(2) on `<folder>/.lock`, which the system gives back when
/// the process ends, however it ends. A file, because network file systems lock no folders.
class FolderLock {
 public:
  FolderLock() = default;  ///< holds nothing
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  /// Takes the lock without waiting; false when another holder has it. A file system that has no
  /// locks gives a warning and true. Throws Error naming the file when it cannot be opened.
  bool take(const std::filesystem::path& folder);

 private:
  int fd_ = -1;
};

}  // namespace grpo
