#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

MemoryFile::MemoryFile() : fd_(memfd_create("fuzz", MFD_CLOEXEC)) {
  require(fd_ >= 0, "memfd_create");
  path_ = "/proc/self/fd/" + std::to_string(fd_);
}

MemoryFile::~MemoryFile() { close(fd_); }

const std::filesystem::path& MemoryFile::hold(std::string_view bytes) {
  require(ftruncate(fd_, 0) == 0, "ftruncate");
  for (size_t done = 0; done < bytes.size();) {
    const auto written =
        pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    require(written > 0, "pwrite");
    done += static_cast<size_t>(written);
  }
  return path_;
}

}  // namespace grpo::fuzz
