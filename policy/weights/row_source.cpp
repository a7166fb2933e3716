#include "policy/weights/row_source.h"

#include <algorithm>
#include <vector>

#include "policy/weights/weight_reader.h"

namespace grpo::policy {
namespace {

constexpr int64_t kNumbersAtOnce = 1 << 20;  // 4 MiB of float32

}  // namespace

RowSource rows_of(const WeightReader& reader) {
  return [&reader](std::string_view own_name, int64_t begin, int64_t end, float* out) {
    reader.read_rows(own_name, begin, end, out);
  };
}

void send_rows(const RowSource& source, const ParameterInfo& parameter, StoredType type,
               const std::string& tensor,
               const std::function<void(std::span<const std::byte>)>& sink) {
  std::vector<float> rows;
  std::vector<std::byte> bytes;
  const int64_t step = std::max<int64_t>(1, kNumbersAtOnce / parameter.columns());
  for (int64_t begin = 0; begin < parameter.shape[0]; begin += step) {
    const int64_t end = std::min(begin + step, parameter.shape[0]);
    const int64_t count = (end - begin) * parameter.columns();
    rows.resize(static_cast<size_t>(count));
    source(parameter.name, begin, end, rows.data());
    bytes.resize(static_cast<size_t>(stored_bytes(type, count)));
    quantize(type, rows, bytes.data(), tensor);
    sink(bytes);
  }
}

}  // namespace grpo::policy
