#pragma once

#include <unistd.h>

#include <string_view>
#include <utility>

namespace grpo::reward::code {

/// Owns a file descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      value_ = std::exchange(other.value_, -1);
    }
    return *this;
  }
  ~Descriptor() { reset(); }

  int get() const { return value_; }
  explicit operator bool() const { return value_ >= 0; }
  void reset() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }

 private:
  int value_ = -1;
};

struct DescriptorPair {
  Descriptor first;   // reading end of a pipe
  Descriptor second;  // writing end
};

/// All close on exec, and throw Error if the kernel refuses.
DescriptorPair make_pipe();
DescriptorPair make_socket_pair(int type);  // SOCK_STREAM or SOCK_SEQPACKET
/// A file in memory that holds `bytes`, positioned at its start, sealed against changes.
Descriptor make_memory_file(std::string_view bytes);
Descriptor open_null(int flags);

}  // namespace grpo::reward::code
