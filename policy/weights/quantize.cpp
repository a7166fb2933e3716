#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "policy/weights/dequant.h"

namespace grpo::policy {
namespace {

constexpr size_t kBlock = 32;

/// True for the bits of an infinity of float16 or bfloat16, whichever `exponent` masks.
void check_range(uint16_t bits, uint16_t exponent, float value, StoredType type,
                 std::string_view where) {
  check_input((bits & exponent) != exponent || !std::isfinite(value), "{}: {} is beyond {}", where,
              value, type_name(type));
}

void narrow(StoredType type, std::span<const float> values, std::byte* out,
            std::string_view where) {
  const bool brain = type == StoredType::kBf16;
  for (const float value : values) {
    const uint16_t bits = brain ? float_to_bfloat16(value) : float_to_half(value);
    check_range(bits, brain ? 0x7f80 : 0x7c00, value, type, where);
    std::memcpy(out, &bits, sizeof(bits));
    out += sizeof(bits);
  }
}

void q8_0(std::span<const float> block, std::byte* out, std::string_view where) {
  float largest = 0;
  for (const float value : block) largest = std::max(largest, std::fabs(value));
  const float d = largest / 127;
  const float inverse = d != 0 ? 1 / d : 0;
  const uint16_t bits = float_to_half(d);
  check_range(bits, 0x7c00, largest, StoredType::kQ8_0, where);
  std::memcpy(out, &bits, sizeof(bits));
  for (size_t j = 0; j < block.size(); ++j) {
    out[sizeof(bits) + j] =
        std::bit_cast<std::byte>(static_cast<int8_t>(std::round(block[j] * inverse)));
  }
}

}  // namespace

void quantize(StoredType type, std::span<const float> values, std::byte* out,
              std::string_view where) {
  switch (type) {
    case StoredType::kF32:
      std::memcpy(out, values.data(), values.size_bytes());
      return;
    case StoredType::kF16:
    case StoredType::kBf16:
      narrow(type, values, out, where);
      return;
    case StoredType::kQ8_0:
      check(values.size() % kBlock == 0, "{}: {} elements are no whole blocks of q8_0", where,
            values.size());
      for (; !values.empty(); values = values.subspan(kBlock)) {
        q8_0(values.first(kBlock), out, where);
        out += block_layout(type).bytes;
      }
      return;
    default:
      throw Error(
          fmt::format("{}: {}: weights are not written in this type", where, type_name(type)), 2);
  }
}

}  // namespace grpo::policy
