#include "monitor/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"

namespace grpo::monitor {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0u);
    table[byte] = crc;
  }
  return table;
}
constexpr auto kCrcTable = make_crc_table();

template <class Integer>
void append_little_endian(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

// Protocol buffer wire format: a field is its number and wire type, then the value.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}
void append_key(std::string& out, int field, Wire wire) {
  append_varint(out, static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(wire));
}
void append_int(std::string& out, int field, int64_t value) {
  append_key(out, field, Wire::varint);
  append_varint(out, static_cast<uint64_t>(value));
}
void append_double(std::string& out, int field, double value) {
  append_key(out, field, Wire::fixed64);
  append_little_endian(out, std::bit_cast<uint64_t>(value));
}
void append_float(std::string& out, int field, float value) {
  append_key(out, field, Wire::fixed32);
  append_little_endian(out, std::bit_cast<uint32_t>(value));
}
void append_bytes(std::string& out, int field, std::string_view bytes) {
  append_key(out, field, Wire::bytes);
  append_varint(out, bytes.size());
  out += bytes;
}

// Field numbers of event.proto and summary.proto.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1, kTag = 1, kSimpleValue = 2 };
enum SessionLogField { kStatus = 1 };
constexpr int64_t kSessionStart = 1;

/// The step is left out when 0, its default.
std::string start_event(double wall_time, int64_t step) {
  std::string event;
  append_double(event, kWallTime, wall_time);
  if (step != 0) append_int(event, kStep, step);
  return event;
}

/// A CRC stored beside data that holds CRCs is no good check of it: hence the rotation and
/// constant.
uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

double wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF];
  return ~crc;
}

std::string encode_version_event(double time) {
  std::string event = start_event(time, 0);
  append_bytes(event, kFileVersion, "brain.Event:2");
  return event;
}

std::string encode_restart_event(double time, int64_t step) {
  std::string status;
  append_int(status, kStatus, kSessionStart);
  std::string event = start_event(time, step);
  append_bytes(event, kSessionLog, status);
  return event;
}

std::string encode_scalars_event(double time, const Record& record) {
  std::string summary;
  for (const auto& [name, number] : record.metrics) {
    std::string value;
    append_bytes(value, kTag, name);
    append_float(value, kSimpleValue, static_cast<float>(number));
    append_bytes(summary, kValue, value);
  }
  std::string event = start_event(time, record.step);
  append_bytes(event, kSummary, summary);
  return event;
}

std::string frame_record(std::string_view bytes) {
  std::string record;
  append_little_endian(record, uint64_t{bytes.size()});
  append_little_endian(record, masked_crc(record));
  record += bytes;
  append_little_endian(record, masked_crc(bytes));
  return record;
}

EventFile::EventFile(const std::filesystem::path& folder, std::optional<int64_t> resumed_at) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  check(!error, "{}: cannot create: {}", folder.string(), error.message());
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  // TensorBoard reads the files of a folder in the order of their names: seconds come first.
  const auto prefix = fmt::format("events.out.tfevents.{:010}.{}.{}",
                                  static_cast<int64_t>(wall_time()), host, ::getpid());
  for (int number = 0; fd_ < 0; ++number) {
    path_ = folder / fmt::format("{}.{}", prefix, number);
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    check(fd_ >= 0 || errno == EEXIST, "{}: cannot create: {}", path_.string(),
          std::strerror(errno));
  }
  append(encode_version_event(wall_time()));
  if (resumed_at) append(encode_restart_event(wall_time(), *resumed_at));
}

EventFile::~EventFile() { ::close(fd_); }

void EventFile::write(const Record& record) { append(encode_scalars_event(wall_time(), record)); }

void EventFile::append(std::string_view event) {
  const std::string record = frame_record(event);
  for (std::string_view rest = record; !rest.empty();) {
    const auto written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    check(written >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace grpo::monitor
