#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <streambuf>
#include <utility>

#include "base/error.h"

namespace grpo {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what, int error) {
  throw Error(fmt::format("{}: {}: {}", path.string(), what, std::strerror(error)));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, mode_t mode = 0666)
      : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {
    if (fd_ < 0) fail(path_, "cannot open", errno);
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  void sync() const {
    if (::fsync(fd_) != 0) fail(path_, "cannot sync", errno);
  }
  /// Closing can report a late write failure (NFS), so it is checked where data was written.
  void close() {
    if (::close(std::exchange(fd_, -1)) != 0) fail(path_, "cannot close", errno);
  }

 private:
  fs::path path_;
  int fd_;
};

struct stat status_of(const Descriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(path, "cannot stat", errno);
  return status;
}

/// A stream onto a descriptor that keeps errno: std::ofstream would hide why a write failed.
class DescriptorBuffer : public std::streambuf {
 public:
  explicit DescriptorBuffer(int fd) : fd_(fd) { setp(buffer_.data(), buffer_.data() + kSize); }
  int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override {
    if (!flush_buffer()) return traits_type::eof();
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    return sputc(traits_type::to_char_type(c));
  }
  int sync() override { return flush_buffer() ? 0 : -1; }
  std::streamsize xsputn(const char* data, std::streamsize size) override {
    if (size < epptr() - pptr()) {
      std::memcpy(pptr(), data, static_cast<std::size_t>(size));
      pbump(static_cast<int>(size));
      return size;
    }
    return flush_buffer() && write_all(data, size) ? size : 0;
  }

 private:
  bool flush_buffer() {
    const bool ok = write_all(pbase(), pptr() - pbase());
    setp(buffer_.data(), buffer_.data() + kSize);
    return ok;
  }
  bool write_all(const char* data, std::streamsize size) {
    while (size > 0 && error_ == 0) {
      const auto written = ::write(fd_, data, static_cast<std::size_t>(size));
      if (written < 0) {
        if (errno != EINTR) error_ = errno;
        continue;
      }
      data += written;
      size -= written;
    }
    return error_ == 0;
  }

  static constexpr std::size_t kSize = 1 << 16;
  int fd_;
  int error_ = 0;
  std::array<char, kSize> buffer_;
};

/// Removes what it names unless told that the work is done.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) {
    // Process and counter make the name unique among the living; a dead namesake is removed.
    static std::atomic<int> counter{0};
    const auto name =
        fmt::format(".{}.{}-{}.tmp", target.filename().string(), ::getpid(), counter.fetch_add(1));
    path_ = folder_of(target) / name;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ~Temporary() {
    if (done_) return;
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const fs::path& path() const { return path_; }
  void rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0)
      fail(target, "cannot rename into place", errno);
    done_ = true;
    sync_to_disk(folder_of(target));
  }

 private:
  static fs::path folder_of(const fs::path& target) {
    return target.has_parent_path() ? target.parent_path() : fs::path(".");
  }
  fs::path path_;
  bool done_ = false;
};

}  // namespace

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const Descriptor file(path, O_RDONLY);
  const struct stat status = status_of(file, path);
  check(S_ISREG(status.st_mode), "{}: not a regular file", path.string());
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses length 0
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) fail(path, "cannot map", errno);
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void release_pages(std::span<const std::byte> mapped) {
  if (mapped.empty()) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  // The page where they begin too: what stands before them has been read, or is read again.
  const std::size_t before = reinterpret_cast<std::uintptr_t>(mapped.data()) % page;
  auto* begin = const_cast<std::byte*>(mapped.data()) - before;
  // Only advice: a failure leaves the pages where they are.
  ::madvise(begin, before + mapped.size(), MADV_DONTNEED);
}

std::string read_file(const fs::path& path, std::size_t max_bytes) {
  const Descriptor file(path, O_RDONLY);
  const struct stat status = status_of(file, path);
  if (S_ISDIR(status.st_mode)) fail(path, "cannot read", EISDIR);
  std::string bytes;
  // A pipe or a /proc file tells no size: read until the end in any case.
  std::array<char, 1 << 16> buffer;
  bytes.reserve(std::min(static_cast<std::size_t>(status.st_size), max_bytes));
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path, "cannot read", errno);
    if (got == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
    check(bytes.size() <= max_bytes, "{}: longer than {} bytes", path.string(), max_bytes);
  }
}

std::string read_named_file(const fs::path& path, std::size_t max_bytes) {
  try {
    return read_file(path, max_bytes);
  } catch (const Error& error) {
    throw Error(error.what(), 2);
  }
}

void write_atomically(const fs::path& path, const std::function<void(std::ostream&)>& write) {
  Temporary temporary(path);
  Descriptor file(temporary.path(), O_WRONLY | O_CREAT | O_EXCL);
  DescriptorBuffer buffer(file.get());
  std::ostream stream(&buffer);
  write(stream);
  stream.flush();
  if (buffer.error() != 0) fail(path, "cannot write", buffer.error());
  check(stream.good(), "{}: cannot write: the stream was left in a failed state", path.string());
  file.sync();
  file.close();
  temporary.rename_to(path);
}

void write_atomically(const fs::path& path, std::string_view bytes) {
  write_atomically(path, [&](std::ostream& out) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  });
}

void write_folder_atomically(const fs::path& dir,
                             const std::function<void(const fs::path&)>& fill) {
  check(!fs::exists(fs::symlink_status(dir)), "{}: exists already", dir.string());
  Temporary temporary(dir);
  if (::mkdir(temporary.path().c_str(), 0777) != 0) fail(dir, "cannot create", errno);
  fill(temporary.path());
  for (const auto& entry : fs::recursive_directory_iterator(temporary.path())) {
    if (!entry.is_symlink()) sync_to_disk(entry.path());
  }
  sync_to_disk(temporary.path());
  temporary.rename_to(dir);
}

void sync_to_disk(const fs::path& path) { Descriptor(path, O_RDONLY).sync(); }

}  // namespace grpo
