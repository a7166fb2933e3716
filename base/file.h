#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace grpo {

/// A whole file mapped read-only. Pages are read when first touched, so a checkpoint of any size
/// opens at once. Throws Error naming the file unless it is a regular file that can be read.
/// A file that another process shortens while it is mapped raises SIGBUS: do not map such files.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Tells the system that these bytes of a MappedFile will not be needed soon: they no longer count
/// as this process's memory. Touching them reads them again.
void release_pages(std::span<const std::byte> mapped);

/// The bytes of a file. Throws Error naming the file, also when it is longer than `max_bytes`.
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{1} << 32);
/// The same of a file that the command line names: what is wrong with it is the user's error (exit
/// code 2).
std::string read_named_file(const std::filesystem::path& path,
                            std::size_t max_bytes = std::size_t{1} << 32);

/// Replaces `path` by what `write` puts into the stream: a reader, or this program after a crash,
/// sees the old file or the whole new one, never a part. Temporary in the same folder, fsync of the
/// file, rename, fsync of the folder. Any failure (disk full, an exception from `write`) removes
/// the temporary, leaves `path` as it was and throws; own failures are an Error with the file's
/// name.
/// Only a killed process leaves its temporary behind, as `.<name>.<process>-<n>.tmp`.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(std::ostream&)>& write);
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// The same for a folder: `fill` gets the path of an empty temporary folder beside `dir`;
/// afterwards every file and folder in it is synced and the whole is renamed to `dir`, which must
/// not exist.
void write_folder_atomically(const std::filesystem::path& dir,
                             const std::function<void(const std::filesystem::path&)>& fill);

/// fsync of one file or folder. Throws Error naming it.
void sync_to_disk(const std::filesystem::path& path);

}  // namespace grpo
