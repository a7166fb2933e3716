#include "reward/code/descriptor.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace grpo::reward::code {
namespace {

void check_call(bool ok, const char* what) {
  check(ok, "sandbox: {}: {}", what, std::strerror(errno));
}

}  // namespace

DescriptorPair make_pipe() {
  int ends[2];
  check_call(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

DescriptorPair make_socket_pair(int type) {
  int ends[2];
  check_call(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

Descriptor make_memory_file(std::string_view bytes) {
  Descriptor file(memfd_create("grpo", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  check_call(static_cast<bool>(file), "memfd_create");
  while (!bytes.empty()) {
    const ssize_t written = write(file.get(), bytes.data(), bytes.size());
    check_call(written > 0, "write to a memory file");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  check_call(lseek(file.get(), 0, SEEK_SET) == 0, "lseek");
  check_call(
      fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0,
      "seal a memory file");
  return file;
}

Descriptor open_null(int flags) {
  Descriptor file(open("/dev/null", flags | O_CLOEXEC));
  check_call(static_cast<bool>(file), "/dev/null");
  return file;
}

}  // namespace grpo::reward::code
