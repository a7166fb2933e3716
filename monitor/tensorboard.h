#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/record.h"

namespace grpo::monitor {

/// CRC-32C (Castagnoli, reflected 0x1EDC6F41): RFC 3720, appendix B.4. "123456789" gives e3069283.
uint32_t crc32c(std::string_view bytes);

/// TensorBoard's formats, encoded by hand: an Event message of tensorflow/core/util/event.proto,
/// and the TFRecord frame around it (length, masked CRC of the length, bytes, masked CRC of the
/// bytes; tensorflow/core/lib/io/record_writer.h).
std::string encode_version_event(double wall_time);
std::string encode_restart_event(double wall_time, int64_t step);
std::string encode_scalars_event(double wall_time, const Record& record);
std::string frame_record(std::string_view bytes);

/// An event file in `folder` that TensorBoard shows while it grows; values are float32 there.
class EventFile {
 public:
  /// `resumed_at`: the first step of a resumed run; TensorBoard then drops what an earlier file
  /// says of that step and later ones. Throws Error naming the folder or file.
  explicit EventFile(const std::filesystem::path& folder,
                     std::optional<int64_t> resumed_at = std::nullopt);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void write(const Record& record);
  const std::filesystem::path& path() const { return path_; }

 private:
  void append(std::string_view event);

  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace grpo::monitor
